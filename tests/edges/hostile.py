"""A program that leaves five kinds of processes behind, all deaf to polite signals. Usage: hostile.py stay|leave [MARK]

A plain child, one in its own session, one double-forked, one double-forked with a new program and an empty environment,
and one that forks itself anew every 20 ms. Prints ``ready`` when all of them live.
"""

import os
import signal
import sys
import time

DEAF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def linger(ready: int) -> None:
    os.write(ready, b".")
    while True:
        time.sleep(600)


def change_program(ready: int) -> None:
    code = "import os,time; os.write(int(os.sys.argv[1]), b'.'); time.sleep(600)"
    os.set_inheritable(ready, True)
    os.execve(sys.executable, [sys.executable, "-S", "-c", code, str(ready), *sys.argv[2:]], {})


def fork_on(ready: int) -> None:
    os.write(ready, b".")
    while True:
        time.sleep(0.02)
        if os.fork():
            os._exit(0)


def start(act, ready: int, *, own_session: bool = False, twice: bool = False) -> None:
    if os.fork():
        return
    if own_session or twice:
        os.setsid()
    if twice and os.fork():
        os._exit(0)
    act(ready)


def main() -> None:
    for number in DEAF:
        signal.signal(number, signal.SIG_IGN)
    heard, ready = os.pipe()
    start(linger, ready)
    start(linger, ready, own_session=True)
    start(linger, ready, twice=True)
    start(change_program, ready, twice=True)
    start(fork_on, ready, own_session=True)
    got = b""
    while len(got) < 5:
        got += os.read(heard, 5)
    print("ready", flush=True)
    if sys.argv[1] == "stay":
        time.sleep(600)


main()

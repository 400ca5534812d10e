"""A proposer with a book: what it does in a round stands there, so that a run can be played again after a crash.

Usage: agent.py BOOK.json, called by kernel-opt. A page is named ``ROUND:TASK``; what it may say is in ``toy.Page``.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    book = json.loads(Path(sys.argv[1]).read_text())
    page = book.get(f"{os.environ['KERNEL_OPT_ROUND']}:{os.environ['KERNEL_OPT_TASK']}")
    if page is None:
        print("no page in the book")
        return
    os.write(1, b"thinking \xff\xfe in no encoding\n")
    for name, text in page["files"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    if page["leaves_orphan"]:
        leave_orphan()
    if page["sleep_s"]:
        print("sleeping", flush=True)
        time.sleep(page["sleep_s"])
    claim = {"hypothesis": page["sentence"], "why": "the book says so", "bottlenecks": ["none"]}
    claim["usage"] = {"cost_usd": page["cost_usd"]}
    Path(os.environ["KERNEL_OPT_PROPOSAL"]).write_text(json.dumps(claim))


def leave_orphan() -> None:
    """Leave a process in a session of its own, deaf and without parent."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(600)


main()

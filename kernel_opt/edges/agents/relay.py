"""Run beside an agent in a network of its own: hands connections to local ports on to sockets that lead outside.

``relay.py PORT=SOCKET... -- ARGV``: this process becomes the agent, and a child of it, which ends with it, hands on.
It is run as a file, by itself: nothing of the agent's environment is to reach what it imports. Standard library only.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
PIECE_BYTES = 1 << 16


def main(words: list[str]) -> None:
    """Open the ports, leave a child that serves them, and become the agent."""
    cut = words.index("--")
    doors: list[tuple[socket.socket, str]] = []
    for word in words[:cut]:
        port, _, leads_to = word.partition("=")
        try:
            doors.append((socket.create_server(("127.0.0.1", int(port))), leads_to))
        except OSError as error:  # a port below 1024, for instance
            print(f"port {port} cannot be led outside: {error}", file=sys.stderr, flush=True)
    parent = os.getpid()
    if os.fork() == 0:
        serve(doors, parent)
    os.execv(words[cut + 1], words[cut + 1 :])  # noqa: S606 (an argv list, no shell)


def serve(doors: Sequence[tuple[socket.socket, str]], parent: int) -> None:
    """Hand on until the agent's end; no signal to its group and no wait for its output is to be about us."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    if os.getppid() != parent:  # it has ended already
        os._exit(0)
    for listening, leads_to in doors:
        threading.Thread(target=accept, args=(listening, leads_to)).start()
    threading.Event().wait()


def accept(listening: socket.socket, leads_to: str) -> None:
    """Take the connections to one port."""
    while True:
        inside, _ = listening.accept()
        outside = socket.socket(socket.AF_UNIX)
        try:
            outside.connect(leads_to)
        except OSError:
            inside.close()
            continue
        for one, other in ((inside, outside), (outside, inside)):
            threading.Thread(target=pump, args=(one, other), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until one side ends, and tell the other side so."""
    try:
        while piece := source.recv(PIECE_BYTES):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one of them is gone: so is the connection
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


if __name__ == "__main__":
    main(sys.argv[1:])

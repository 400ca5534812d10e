"""``kernel-opt ui``: every run's page, live, in a browser on this machine or through ssh."""

import argparse
import getpass
import secrets
import socket
from threading import Event

from kernel_opt.cli.options import Subparsers, add_verb

_EXAMPLES = """examples:
  kernel-opt ui                  prints the address; Ctrl-C ends it, and no run notices
  kernel-opt ui --port 8421      always the same port, for an ssh configuration

It listens on this machine's own address only, and the address holds a secret: whoever has it can read the runs, pause,
resume and stop them, and nothing else. From another machine, forward the port with the ssh line that is printed.
"""
_TOKEN_BYTES = 24  # 192 bits: nobody guesses it


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "ui", "the same page live in a browser, for all runs", _EXAMPLES)
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port to serve on (default: a free one)")


def _user() -> str:
    """Return the user's name for ssh; in some containers there is none."""
    try:
        return f"{getpass.getuser()}@"
    except (KeyError, OSError):
        return ""


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C; exit code 0."""
    from kernel_opt.cli.ui_app import MOST_STREAMS, App
    from kernel_opt.cli.ui_guard import Guard
    from kernel_opt.edges.loopback import ADDRESS, open_server, serve_until_ended
    from kernel_opt.model.errors import UsageError

    if not 0 <= args.port <= 65535:
        raise UsageError(f"there is no port {args.port}", "choose one from 1024 to 65535")
    ending, token = Event(), secrets.token_urlsafe(_TOKEN_BYTES)
    # A thread for each page that listens, and a few for what they ask.
    server, port = open_server(Guard(token, App(ending)), args.port, MOST_STREAMS + 4)
    print(f"http://{ADDRESS}:{port}/{token}/")
    print(f"from another machine first: ssh -L {port}:{ADDRESS}:{port} {_user()}{socket.gethostname()}")
    print("Ctrl-C ends it; the runs go on.", flush=True)
    serve_until_ended(server, ending)
    print()
    return 0

"""Carry out one session as a job of a cluster's scheduler: ``python -S -c ... TICKET``, on whichever node it chose."""

import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import Ticket
from kernel_opt.worker.session import carry_out

_TICKET_WAIT_S = 20.0
"""Seconds for a ticket that is being written anew, for another session, to be there again."""
_NAP_S = 0.1


def main() -> None:
    """Claim the ticket and carry out its session, without waiting in the end for a look that hangs."""
    ticket = claim(Path(sys.argv[1]))
    if ticket is not None:
        carry_out(Path(ticket.directory), find_node(os.environ))
    os._exit(0)


def claim(path: Path, wait_s: float = _TICKET_WAIT_S) -> Ticket | None:
    """Take a ticket, which only one can; None when it has been taken, or taken back."""
    taken = path.with_suffix(".taken")
    until = time.monotonic() + wait_s
    while True:
        try:
            path.rename(taken)
        except FileNotFoundError:
            if taken.exists() or time.monotonic() > until:
                return None
            time.sleep(_NAP_S)
        else:
            return read_record(taken, Ticket)


def find_node(environ: Mapping[str, str]) -> str:
    """Return the node's name as the scheduler has it."""
    return environ.get("SLURMD_NODENAME") or socket.gethostname()

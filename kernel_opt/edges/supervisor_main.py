"""The program between us and a child, see supervisor.py.

It is PID 1 of the child's PID namespace where there is one, else the subreaper of everything the child starts. Its
standard input and output are the lifeline: single letters come down it (``S`` stop, ``K`` kill), one line of JSON goes
up it at the end; when it closes, whoever started us is gone, and so is everything here at once. What to run is in
the file descriptor named on the command line; standard error is the log. It imports little: it starts before every run,
and json or typing alone would cost a third of what the interpreter itself does.
"""

import contextlib
import marshal
import os
import signal
import sys

from kernel_opt.edges.supervisor import Report, Supervisor
from kernel_opt.edges.supervisor_child import ChildSpec, StartError
from kernel_opt.edges.supervisor_sweep import become_subreaper


def main() -> None:
    """Read the order, carry it out, report, and end without any clean-up of the interpreter."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    report_fd = os.dup(1)
    become_subreaper()
    with os.fdopen(int(sys.argv[1]), "rb") as order:
        spec = ChildSpec(marshal.load(order))  # noqa: S302 (written by whoever started us, seen by nobody else)
    try:
        report = _format(Supervisor(spec).run())
    except StartError as error:
        import json  # seldom needed, see above

        report = json.dumps({"start_error": str(error)})
    with contextlib.suppress(BrokenPipeError):  # whoever started us has gone just now: all is swept, nobody to tell
        os.write(report_fd, report.encode("ascii") + b"\n")
    os._exit(0)


def _format(report: Report) -> str:
    """Write a report as JSON."""
    told = (f'"{name}": {"null" if value is None else str(value).lower()}' for name, value in report.items())
    return "{" + ", ".join(told) + "}"

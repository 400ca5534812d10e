"""Whatever ends the daemon, but SIGKILL, leaves a word: a line in its log and one in what it prints."""

import contextlib
import faulthandler
import json
import os
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType

from kernel_opt.edges.clock import SystemClock

DEADLY = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF,
    signal.SIGXCPU, signal.SIGPOLL, signal.SIGPWR, signal.SIGSYS, signal.SIGTRAP,
)  # fmt: skip
"""What would end us without a word. The first two are wishes as soon as somebody listens for them."""
SIGNALLED = 128  # and the number: what a shell would say


def watch_over(log: Path) -> None:
    """See to it from now on that no end goes untold; to be called first of all."""
    if sys.stderr is not None:
        faulthandler.enable()  # a crash of the interpreter itself: its stack goes to what we print
    sys.excepthook = partial(_tell_error, log)
    for number in DEADLY:
        signal.signal(number, partial(_end_by, log))
    for number in (signal.SIGHUP, signal.SIGUSR1):
        # A closed terminal is no reason to end, and a wish has left a file that is looked at in any case.
        signal.signal(number, signal.SIG_IGN)


def leave_word(log: Path, why: str, **more: str) -> None:
    """Add a line to the log file, whether or not a log is open; where that cannot be, what we print has to do."""
    said = {"event": "the daemon ends", "why": why, "pid": os.getpid(), **more}
    stamped = {**said, "level": "error", "timestamp": SystemClock().utc().isoformat()}
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(stamped) + "\n")


def _tell_error(log: Path, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of an error that nobody caught."""
    leave_word(log, f"{kind.__name__}: {error}", trace="".join(traceback.format_exception(kind, error, trace)))
    sys.__excepthook__(kind, error, trace)


def _end_by(log: Path, number: int, _frame: FrameType | None) -> None:
    """End in order: what runs is ended, locks are let go."""
    why = f"signal {signal.Signals(number).name}"
    leave_word(log, why)
    print(f"kernel-opt: the daemon ends: {why}", file=sys.stderr)
    sys.exit(SIGNALLED + number)

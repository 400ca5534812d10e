"""Asking a running daemon for something, from another process."""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from kernel_opt.daemon.lock import read_holder
from kernel_opt.daemon.signals import PAUSE, STOP, STOP_NOW
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.reader import read_summary
from kernel_opt.model.errors import KernelOptError

__all__ = ["PAUSE", "STOP", "STOP_NOW", "ask", "is_stopped", "take_back", "wait_for_end"]

NAP_S = 0.1


def ask(place: RunPlace, wish: str) -> None:
    """Leave a wish and wake the daemon; an error when there is none alive."""
    pid = read_holder(Path(place.lock))
    if pid is None:
        mend = f"`kernel-opt start --tag {place.tag} --resume` goes on with it"
        raise KernelOptError(f"no daemon carries out run {place.tag} now", mend)
    Path(place.wishes).mkdir(exist_ok=True)
    (Path(place.wishes) / wish).touch()
    _wake(pid)


def take_back(place: RunPlace, wish: str) -> None:
    """Remove a wish and wake the daemon, if it lives."""
    path = Path(place.wishes) / wish
    if not path.exists():
        raise KernelOptError(
            f"run {place.tag} is not paused", f"`kernel-opt status --tag {place.tag}` tells how it stands"
        )
    path.unlink()
    pid = read_holder(Path(place.lock))
    if pid is not None:
        _wake(pid)


def _wake(pid: int) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)


def wait_for_end(place: RunPlace, limit_s: float) -> int:
    """Wait until the daemon is gone; tell on a terminal that one waits."""
    clock = SystemClock()
    until_s = clock.boot_s() + limit_s
    if sys.stderr.isatty():
        print("waiting for the current step to end (Ctrl-C stops waiting, not the run)", file=sys.stderr)
    while read_holder(Path(place.lock)) is not None:
        if clock.boot_s() > until_s:
            raise KernelOptError(
                f"run {place.tag} has not stopped within {limit_s:.0f} s", "`kernel-opt stop --now` ends what runs"
            )
        clock.sleep_s(NAP_S)
    if not is_stopped(place):
        mend = f"see {place.directory}/daemon.out; `kernel-opt start --tag {place.tag} --resume` goes on with it"
        raise KernelOptError(f"the daemon of run {place.tag} is gone, but the run did not stop in order", mend)
    print(f"run {place.tag} has stopped; its report is {place.worktree}/performance.md")
    return 0


def is_stopped(place: RunPlace) -> bool:
    """Say whether the run's journal ends with a stop."""
    _, _, summary, _ = read_summary(place.directory)
    return bool(summary and json.loads(summary).get("state") == "stopped")

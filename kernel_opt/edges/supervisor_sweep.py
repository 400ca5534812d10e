"""Ending everything a child left behind, from inside its PID namespace or as its subreaper."""

import contextlib
import os
import signal
import time

from kernel_opt.edges.process_tree import find_descendants, kill_tree

_POLL_S = 0.002
"""Between two looks for what still dies: most processes are gone within a millisecond of SIGKILL."""
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Have orphans below us become our children, so that a double fork does not hide them."""
    if os.getpid() != 1:
        import ctypes  # not needed in a namespace, where each start would pay for it

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_all(child: int = 0) -> tuple[int, int | None]:
    """Collect everyone who has ended; return how many, and the wait status of ``child`` if it was among them."""
    count, status = 0, None
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return count, status
        if pid == 0:
            return count, status
        count += 1
        if pid == child:
            status = ended


def count_below() -> int:
    """Return how many processes live below us; in a namespace, how many there are."""
    if os.getpid() == 1:
        return sum(name.isdigit() for name in os.listdir("/proc"))  # noqa: PTH208 (pathlib costs its import)
    return len(find_descendants(os.getpid()))


def sweep(grace_s: float) -> tuple[int, bool]:
    """End all that lives below us; return how many lived, and whether some would not die in time."""
    reap_all()
    if os.getpid() == 1:
        return _sweep_namespace(grace_s)
    survivors, living = kill_tree(lambda: find_descendants(os.getpid()), reap_all, grace_s)
    return survivors, bool(living)


def _sweep_namespace(grace_s: float) -> tuple[int, bool]:
    """End the whole PID namespace but ourselves: one signal to -1 reaches everybody, forks under way included."""
    until = time.monotonic() + grace_s
    survivors = 0
    while True:
        with contextlib.suppress(ProcessLookupError):  # nobody but us
            os.kill(-1, signal.SIGKILL)
        survivors += reap_all()[0]
        if not _has_children():
            return survivors, False
        if time.monotonic() > until:
            return survivors, True
        time.sleep(_POLL_S)


def _has_children() -> bool:
    """Tell whether anybody below us has not been collected yet."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True

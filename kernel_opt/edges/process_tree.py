"""Who descends from whom, by /proc; and how to end them all where no PID namespace does it."""

import os
import signal
import time
from collections.abc import Callable

_STATE, _PARENT, _START = 0, 1, 19
"""Places in /proc/PID/stat counted from the state, the first field after the command's name in brackets."""

_POLL_S = 0.002
"""Between two looks for what still dies: most processes are gone within a millisecond of SIGKILL."""


def read_stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 (pathlib would double the supervisor's start)
            text = stat.read().decode("ascii", "replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def read_start_ticks(pid: int) -> int | None:
    """Return when a process started, which tells it from a later one with its PID; None when it is gone."""
    fields = read_stat(pid)
    return None if fields is None or fields[_STATE] in "ZX" else int(fields[_START])


def read_parent(pid: int) -> int | None:
    """Return the parent of a process; None when it is gone."""
    fields = read_stat(pid)
    return None if fields is None else int(fields[_PARENT])


def find_descendants(root: int) -> list[int]:
    """Return every living process below ``root``, zombies left out."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for name in os.listdir("/proc"):  # noqa: PTH208
        fields = read_stat(int(name)) if name.isdigit() else None
        if fields is not None:
            children.setdefault(int(fields[_PARENT]), []).append(int(name))
            if fields[_STATE] in "ZX":
                dead.add(int(name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return [pid for pid in found if pid not in dead]


def kill_tree(find: Callable[[], list[int]], reap: Callable[[], object], grace_s: float) -> tuple[int, list[int]]:
    """End all that ``find`` names; return how many lived and which would not die within ``grace_s``.

    Processes are stopped until no new one shows up, then killed: one that forks faster than it is killed never ends
    otherwise. The caller must be the subreaper, so that orphans stay below it and are seen.
    """
    until = time.monotonic() + grace_s
    killed: set[int] = set()
    while True:
        _stop_all(find, until)
        living = find()
        killed.update(living)
        _send_all(living, signal.SIGKILL)
        reap()
        living = find()
        reap()  # again: orphans come to us only when their parents have ended
        if not living or time.monotonic() > until:
            return len(killed), living
        time.sleep(_POLL_S)


def _stop_all(find: Callable[[], list[int]], until: float) -> None:
    """Send SIGSTOP until a look finds nobody new."""
    stopped: set[int] = set()
    while (fresh := [pid for pid in find() if pid not in stopped]) and time.monotonic() < until:
        _send_all(fresh, signal.SIGSTOP)
        stopped.update(fresh)


def _send_all(pids: list[int], number: int) -> None:
    """Send one signal to many; who is gone or has become another user's is passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue

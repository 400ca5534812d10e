"""Which runs wait for a card of this host, and how many each run holds: notes beside the leases, no daemon of ours.

A note counts as long as the run that wrote it lives, which its lock tells, and no longer than it says itself.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from kernel_opt.edges.lease import lease_dir
from kernel_opt.model.errors import InfrastructureError

_NOTE_BYTES = 1 << 16
_OPEN_TO_ALL = 0o666
WALL_CLOCK: Callable[[], float] = time.time
"""Notes are read by other processes, and so they tell the time that all share."""


class Wants:
    """What one run tells the others: that it waits for a card, for some of its rounds."""

    def __init__(self, run: str, now: Callable[[], float] = WALL_CLOCK) -> None:
        self._run, self._now = run, now
        self._lanes: dict[int, float] = {}
        self._fd: int | None = None
        self._mutex = threading.Lock()

    def begin(self, lane: int, limit_s: float) -> None:
        """Say that a lane waits, for so long at most: whoever forgets to take it back hinders nobody for long."""
        with self._mutex:
            self._lanes[lane] = self._now() + limit_s
            self._write()

    def end(self, lane: int) -> None:
        """Take it back: the lane has a card, or needs none."""
        with self._mutex:
            if self._lanes.pop(lane, None) is not None:
                self._write()

    def _write(self) -> None:
        """Write the note and keep its lock; what cannot be told costs fairness, never a round."""
        with contextlib.suppress(OSError, InfrastructureError):
            if self._fd is None and self._lanes:
                self._fd = _open_note(self._run)
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._fd is not None and not self._lanes:
                os.close(self._fd)
                self._fd = None
            if self._fd is not None:
                note = json.dumps({"run": self._run, "until_s": max(self._lanes.values())}).encode()
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, note, 0)


def find_waiting(besides: str, now: Callable[[], float] = WALL_CLOCK) -> tuple[str, ...]:
    """Return the other runs that wait for a card of this host."""
    notes = (_read_locked(path) for path in sorted(lease_dir().glob("wants-*.lock")))
    waiting = [note["run"] for note in notes if note and _is_text(note, "run") and _until(note) > now()]
    return tuple(str(run) for run in waiting if run != besides)


def count_held() -> Counter[str]:
    """Return how many cards of this host each run holds."""
    notes = (_read_locked(path) for path in lease_dir().glob("card-*.lock"))
    return Counter(str(note["run"]) for note in notes if note and _is_text(note, "run"))


def _open_note(run: str) -> int:
    name = hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
    path = lease_dir() / f"wants-{name}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _OPEN_TO_ALL)


def _read_locked(path: Path) -> dict[str, Any] | None:
    """Return what a note says while somebody holds its lock; None when nobody does, or when it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(OSError, ValueError):
            note: object = json.loads(os.pread(fd, _NOTE_BYTES, 0))
            return cast(dict[str, Any], note) if isinstance(note, dict) else None
    except OSError:
        pass
    finally:
        os.close(fd)
    return None


def _is_text(note: dict[str, Any], name: str) -> bool:
    return isinstance(note.get(name), str)


def _until(note: dict[str, Any]) -> float:
    until_s = note.get("until_s")
    return float(until_s) if isinstance(until_s, int | float) else 0.0

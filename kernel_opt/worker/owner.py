"""Whether anybody still wants this session."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.session_files import CANCEL
from kernel_opt.edges.session_records import Scheduler, SessionOutcome, SessionRequest

_TOLD_LATE_S = 2.0
"""Seconds by which a signal to end may reach our child before us: a scheduler sends it to all, one after the other."""
_NAP_S = 0.02


class Owner:
    """The daemon a worker belongs to: known by its parenthood and its lock, or on another host by its signs of life."""

    def __init__(self, directory: Path, request: SessionRequest) -> None:
        self._cancel = directory / CANCEL
        self._is_told = False
        scheduler = request.scheduler
        self._is_there = Signs(scheduler).are_fresh if scheduler is not None else Parent(request.owner_lock).is_there

    def tell_to_end(self, *_: object) -> None:
        """Take a signal to end as a cancellation."""
        self._is_told = True

    def find_reason_to_end(self) -> SessionOutcome | None:
        """Return why the session is to end now; None as long as it is wanted."""
        if self._is_told or self._cancel.exists():
            return SessionOutcome.CANCELLED
        return None if self._is_there() else SessionOutcome.OWNER_GONE

    def find_late_reason(self) -> SessionOutcome | None:
        """Return the same when a child was told to end by a signal that is not ours: the next one may be for us."""
        until = time.monotonic() + _TOLD_LATE_S
        while (reason := self.find_reason_to_end()) is None and time.monotonic() < until:
            time.sleep(_NAP_S)
        return reason


class Parent:
    """A daemon on this host."""

    def __init__(self, lock: str) -> None:
        self._lock = lock
        self._parent = os.getppid()

    def is_there(self) -> bool:
        """Tell whether it is; taking its lock does no harm, for then this worker ends."""
        if os.getppid() != self._parent:
            return False
        try:
            fd = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False


class Signs:
    """Signs of life of a daemon on another host; only that they change counts, for clocks differ."""

    def __init__(self, scheduler: Scheduler, now: Callable[[], float] = time.monotonic) -> None:
        self._path = Path(scheduler.signs)
        self._silence_s = scheduler.silence_s
        self._now = now
        self._seen = b""
        self._changed = self._looked = now()

    def are_fresh(self) -> bool:
        """Tell whether there was a new one not too long ago; the file is read ten times in that time, no more."""
        now = self._now()
        if now - self._looked >= self._silence_s / 10:
            self._looked = now
            seen = self._read()
            if seen != self._seen:
                self._seen, self._changed = seen, now
        return now - self._changed < self._silence_s

    def _read(self) -> bytes:
        """Read the latest sign; what cannot be read is none, and changes nothing."""
        try:
            return self._path.read_bytes() or self._seen
        except OSError:
            return self._seen

"""Whether anybody still wants this session."""

import fcntl
import os
from pathlib import Path

from kernel_opt.edges.session_files import CANCEL
from kernel_opt.edges.session_records import SessionOutcome, SessionRequest


class Owner:
    """The daemon a worker belongs to, known by its parenthood and its lock."""

    def __init__(self, directory: Path, request: SessionRequest) -> None:
        self._cancel = directory / CANCEL
        self._lock = request.owner_lock
        self._parent = os.getppid()
        self._is_told = False

    def tell_to_end(self, *_: object) -> None:
        """Take a signal to end as a cancellation."""
        self._is_told = True

    def find_reason_to_end(self) -> SessionOutcome | None:
        """Return why the session is to end now; None as long as it is wanted."""
        if self._is_told or self._cancel.exists():
            return SessionOutcome.CANCELLED
        if os.getppid() != self._parent or not self._is_lock_held():
            return SessionOutcome.OWNER_GONE
        return None

    def _is_lock_held(self) -> bool:
        """Tell whether the daemon's lock is held; taking it does no harm, for then this worker ends."""
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

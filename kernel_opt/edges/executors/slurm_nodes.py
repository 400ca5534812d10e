"""Nodes that spoilt a session: the next ones go elsewhere, for a while."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import WORKER, WorkerMark
from kernel_opt.edges.session_records import SessionOutcome, SessionResult

SHUNNED_S = 3600.0
"""Seconds: a node that broke is looked at by its site within a day, and a busy card is free again within an hour."""
_MOST = 8
"""Of them at a time: with more it is not the nodes."""
_SPOILT = frozenset({
    SessionOutcome.BUSY_GPU, SessionOutcome.LEAKED, SessionOutcome.SETUP_ERROR, SessionOutcome.LOST,
    SessionOutcome.PROTOCOL_MISMATCH,
})  # fmt: skip


class Shunned:
    """The nodes that are left out, by when that ends."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def note(self, directory: Path, result: SessionResult | None) -> None:
        """Look at a session's end; without a result its job is gone, and the node perhaps with it."""
        mark = read_record(directory / WORKER, WorkerMark)
        if mark is None or not mark.host or (result is not None and result.outcome not in _SPOILT):
            return
        with self._lock:
            self._until.pop(mark.host, None)
            self._until[mark.host] = self._now() + SHUNNED_S

    def names(self) -> tuple[str, ...]:
        """Return the nodes to leave out, the latest ones where they are many."""
        with self._lock:
            self._until = {name: until for name, until in self._until.items() if until > self._now()}
            return tuple(self._until)[-_MOST:]

    def forget(self) -> None:
        """Leave none out any more."""
        with self._lock:
            self._until.clear()

"""Sessions that wait at home, where they can be dropped: few jobs at a time stand in the scheduler's queue."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.executors.slurm_job import JobRecord
from kernel_opt.edges.executors.slurm_queue import Look
from kernel_opt.edges.session_records import SessionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A session that has a job's name and no job yet."""

    directory: Path
    request: SessionRequest
    record: JobRecord


class Home:
    """The waiters in their order, and what was sent off."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._lock = threading.Lock()  # never held while the scheduler is asked
        self._waiters: deque[Waiter] = deque()
        self._tried: dict[str, float] = {}
        self.problem = ""
        """Why the last one could not be sent off."""

    def add(self, waiter: Waiter) -> None:
        """Let one wait."""
        with self._lock:
            self._waiters.append(waiter)

    def holds(self, directory: Path) -> bool:
        """Tell whether a session waits here."""
        with self._lock:
            return any(waiter.directory == directory for waiter in self._waiters)

    def drop(self, directory: Path) -> bool:
        """Let a session wait no longer; tell whether it did."""
        with self._lock:
            kept = [waiter for waiter in self._waiters if waiter.directory != directory]
            is_dropped = len(kept) != len(self._waiters)
            self._waiters = deque(kept)
        return is_dropped

    def sent_s(self, name: str) -> float | None:
        """Return when a job was sent off; what the scheduler was asked before says nothing about it."""
        return self._tried.get(name)

    def send(
        self,
        look: Look,
        ours: Sequence[str],
        submit: Callable[[Waiter], str],
        withdraw: Callable[[JobRecord], object],
    ) -> None:
        """Send off who may go, called by one thread: ``submit`` answers with a problem, or an empty text.

        Who was dropped while it was being sent off is withdrawn.

        A run may always have one job waiting, more only while all runs of this user together have few. One that was
        tried before goes again only when the scheduler, asked since, has not got it: a lost answer is no refusal.
        """
        while not look.problem and (waiter := self._first()) is not None and self._may_go(look, ours):
            name = waiter.record.name
            tried = self._tried.get(name)
            if tried is not None and look.began <= tried:
                return
            if name not in look.jobs:
                self.problem = submit(waiter)
                self._tried[name] = self._now()
                if self.problem:
                    return
            if not self.drop(waiter.directory):
                withdraw(waiter.record)

    def _first(self) -> Waiter | None:
        with self._lock:
            return self._waiters[0] if self._waiters else None

    def _may_go(self, look: Look, ours: Sequence[str]) -> bool:
        """Tell whether one more may wait in the scheduler's queue; one sent off since the look counts as waiting."""
        unseen = {name for name in ours if (sent := self._tried.get(name)) is not None and sent >= look.began}
        waiting = {name for name, job in look.jobs.items() if job.is_waiting} | unseen
        own = waiting.intersection(ours)
        return not own or len(waiting) < self._most

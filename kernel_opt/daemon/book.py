"""A journal that does not give up on a full disk: first the ballast goes, then it waits, then it tells."""

from collections.abc import Iterator
from pathlib import Path

from kernel_opt.edges.clock import Clock
from kernel_opt.edges.log import Log
from kernel_opt.edges.retry import retry
from kernel_opt.journal.ballast import DiskFullError, release_ballast
from kernel_opt.journal.book import Book, Record

TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 14, 1.0, 600.0
"""About an hour in all: as long as the run waits for a card."""


class PatientBook:
    """A book whose appends survive a disk that is full for a while."""

    def __init__(self, book: Book, folder: Path, clock: Clock, log: Log) -> None:
        self._book, self._folder, self._clock, self._log = book, folder, clock, log

    def append(self, record: Record, summary: bytes | None = None) -> int:
        """Write a record, waiting for room if need be."""
        return retry(
            lambda: self._book.append(record, summary),
            on=DiskFullError,
            tries=TRIES,
            first_wait_s=FIRST_WAIT_S,
            longest_wait_s=LONGEST_WAIT_S,
            sleep=self._clock.sleep_s,
            before=self._make_room,
        )

    def _make_room(self, error: Exception) -> None:
        freed = release_ballast(self._folder)
        self._log.warning("disk full", why=str(error), freed_bytes=freed)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Walk the records, oldest first."""
        return self._book.records(after)

    def close(self) -> None:
        """Let go of the files."""
        self._book.close()

"""What every journal can do, and the one that lives in memory."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace


class Record(Struct, frozen=True):
    """One fact as it lies in the journal; field order is the order of the columns."""

    seq: int
    """Counts from 1 without gaps; 0 in a record that is not written yet."""
    round: int
    kind: str
    at_s: float
    """Wall clock, for people only."""
    boot_id: str
    boottime_s: float
    """CLOCK_BOOTTIME: durations, and which processes can still be ours."""
    body: bytes
    """The fact as JSON in one line."""
    schema: int = 1
    """The version of the body: old ones must load for ever."""


class Book(Protocol):
    """Facts, in order, for ever."""

    def append(self, record: Record, summary: bytes | None = None) -> int:
        """Write ``record`` (its seq is given here) and, in the same moment, the derived status; return the seq."""
        ...

    def records(self, after: int = 0) -> Iterator[Record]:
        """Walk the records whose seq is above ``after``, oldest first."""
        ...

    def close(self) -> None:
        """Let go of the files; the book takes no more records."""
        ...


class MemoryBook:
    """A journal that is gone with the process."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._open = True
        self.summary: tuple[int, bytes] | None = None

    def append(self, record: Record, summary: bytes | None = None) -> int:
        """See Book."""
        require_open(is_open=self._open)
        require_one_line(record)
        seq = len(self._records) + 1
        self._records.append(replace(record, seq=seq))
        if summary is not None:
            self.summary = (seq, summary)
        return seq

    def records(self, after: int = 0) -> Iterator[Record]:
        """See Book."""
        require_open(is_open=self._open)
        return iter(self._records[after:])

    def close(self) -> None:
        """See Book."""
        self._open = False


def require_open(*, is_open: bool) -> None:
    """Refuse a book that was closed: a fault of the caller, never of the world."""
    if not is_open:
        raise ValueError("the journal is closed")


def require_one_line(record: Record) -> None:
    """Refuse a body that would break the line it is written on."""
    if record.seq != 0 or b"\n" in record.body or not record.body:
        raise ValueError(
            f"a new record has seq 0 and a body of one line, not seq {record.seq} and {record.body[:80]!r}"
        )

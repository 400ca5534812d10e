"""A journal that outlives a full disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel_opt.daemon.book import TRIES, PatientBook
from kernel_opt.journal.ballast import DiskFullError, restore_ballast
from kernel_opt.journal.book import Record

RECORD = Record(0, 1, "Paused", 1.0, "boot", 1.0, b"{}", 1)


@dataclass
class FullBook:
    """Takes records only when the disk has room again."""

    refusals: int
    taken: list[Record] = field(default_factory=list)
    closed: bool = False

    def append(self, record: Record, summary: bytes | None = None) -> int:
        assert summary is None
        if self.refusals:
            self.refusals -= 1
            raise DiskFullError("disk full: the journal takes no more records", "free some room there")
        self.taken.append(record)
        return len(self.taken)

    def records(self, after: int = 0) -> Iterator[Record]:
        return iter(self.taken[after:])

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeClock:
    """Counts what was slept."""

    slept_s: list[float] = field(default_factory=list)

    def boot_s(self) -> float:
        return sum(self.slept_s)

    def sleep_s(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)


@dataclass
class FakeLog:
    """Keeps what was said."""

    said: list[tuple[str, dict]] = field(default_factory=list)

    def info(self, event: str, **fields: object) -> None:
        self.said.append((event, fields))

    warning = error = info


def patient(tmp_path: Path, refusals: int) -> tuple[PatientBook, FullBook, FakeClock, FakeLog]:
    book, clock, log = FullBook(refusals), FakeClock(), FakeLog()
    return PatientBook(book, tmp_path, clock, log), book, clock, log


def test_a_book_with_room_takes_at_once(tmp_path: Path) -> None:
    """Nothing is slept, nothing said; reading and closing are handed on."""
    made, book, clock, log = patient(tmp_path, 0)
    assert made.append(RECORD) == 1
    assert list(made.records()) == [RECORD]
    made.close()
    assert (book.closed, clock.slept_s, log.said) == (True, [], [])


def test_the_ballast_goes_first_and_then_it_waits(tmp_path: Path) -> None:
    """The first refusal gives the ballast's room; further ones are waited for, and no record is lost or doubled."""
    restore_ballast(tmp_path)
    size = (tmp_path / "ballast").stat().st_size
    made, book, clock, log = patient(tmp_path, 3)
    assert made.append(RECORD) == 1
    assert book.taken == [RECORD]
    assert len(clock.slept_s) == 3
    assert clock.slept_s == sorted(clock.slept_s)
    assert [fields["freed_bytes"] for _, fields in log.said] == [size, 0, 0]


def test_after_an_hour_it_tells(tmp_path: Path) -> None:
    """A disk that stays full for about an hour is the machine's fault, said in one sentence."""
    made, book, clock, _ = patient(tmp_path, 10_000)
    with pytest.raises(DiskFullError, match="disk full"):
        made.append(RECORD)
    assert book.taken == []
    assert len(clock.slept_s) == TRIES - 1
    assert 1800 < sum(clock.slept_s) < 7200

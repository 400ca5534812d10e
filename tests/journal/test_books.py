"""One suite over every kind of journal: the one on disk and the one in memory keep the same promises."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.journal.book import Book, MemoryBook, Record
from kernel_opt.journal.store import Store

FACT = Record(0, 3, "Benched", 1_700_000_000.25, "boot-a", 512.5, b'{"commit":"abc","us":1.5}')


def in_memory(_: Path) -> Book:
    return MemoryBook()


def on_disk(directory: Path) -> Book:
    return Store.create(directory / "state")


@pytest.fixture(params=[in_memory, on_disk])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Book]:
    make: Callable[[Path], Book] = request.param
    made = make(tmp_path)
    yield made
    made.close()


def test_seqs_count_from_one_without_gaps(book: Book) -> None:
    """The caller never numbers a record; the journal does."""
    assert [book.append(FACT) for _ in range(3)] == [1, 2, 3]


def test_what_was_written_is_read_back_byte_for_byte(book: Book) -> None:
    """Every field of a record survives, among them the exact bytes of its body."""
    odd = replace(
        FACT, body='{"why":"größer, \\",\\"body\\":\\" and \\u0007"}'.encode(), kind='odd ","body":', schema=7
    )
    book.append(FACT)
    book.append(odd)
    assert list(book.records()) == [replace(FACT, seq=1), replace(odd, seq=2)]


def test_reading_can_start_behind_a_record(book: Book) -> None:
    """Who has seen a seq asks only for what came after it."""
    for _ in range(4):
        book.append(FACT)
    assert [record.seq for record in book.records(after=2)] == [3, 4]
    assert list(book.records(after=4)) == []


@pytest.mark.parametrize("bad", [replace(FACT, seq=5), replace(FACT, body=b"{\n}"), replace(FACT, body=b"")])
def test_a_record_that_is_no_new_line_is_refused(book: Book, bad: Record) -> None:
    """A numbered record or a body of no or many lines is a fault of the caller, and nothing is written."""
    with pytest.raises(ValueError, match="seq 0"):
        book.append(bad)
    assert list(book.records()) == []


def test_a_closed_book_takes_and_gives_nothing(book: Book) -> None:
    """Closing twice is fine; using a closed journal is a fault."""
    book.close()
    book.close()
    with pytest.raises(ValueError, match="closed"):
        book.append(FACT)
    with pytest.raises(ValueError, match="closed"):
        book.records()


def test_the_book_in_memory_keeps_the_last_snapshot() -> None:
    """The fake shows the status snapshot that went with the last record that had one."""
    book = MemoryBook()
    book.append(FACT, b"one")
    book.append(FACT)
    assert book.summary == (1, b"one")

"""Looking into a journal from outside."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.journal.ballast import release_ballast, restore_ballast
from kernel_opt.journal.book import Record
from kernel_opt.journal.reader import read_summary
from kernel_opt.journal.store import Store
from kernel_opt.model.errors import ReadFailedError


def test_the_snapshot_says_how_old_it_is(tmp_path: Path) -> None:
    """The seq of the snapshot and of the last record are both told; a path with odd letters is fine."""
    directory = tmp_path / "läuft 100% #1?"
    store = Store.create(directory)
    assert read_summary(directory) == (0, None, None, None)
    store.append(Record(0, 1, "Benched", 7.0, "boot", 2.0, b"{}"), b"first")
    store.append(Record(0, 1, "Kept", 8.0, "boot", 3.0, b"{}"))
    store.close()
    assert read_summary(directory) == (2, 1, b"first", 8.0)


def test_no_journal_and_no_database_are_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    """What cannot be read is an error that names the file, never an empty status."""
    with pytest.raises(ReadFailedError, match=r"journal\.db"):
        read_summary(tmp_path)
    (tmp_path / "journal.db").write_text("hello " * 1000)
    with pytest.raises(ReadFailedError, match="move it aside"):
        read_summary(tmp_path)
    (tmp_path / "journal.db").unlink()
    sqlite3.connect(tmp_path / "journal.db").close()
    with pytest.raises(ReadFailedError):
        read_summary(tmp_path)


def test_reading_the_snapshot_loads_next_to_nothing() -> None:
    """`status` starts at once: no dataclasses, no pathlib, nothing outside the standard library."""
    heavy = "('dataclasses', 'pathlib', 'msgspec', 'hashlib')"
    script = f"import sys, kernel_opt.journal.reader; print([name for name in {heavy} if name in sys.modules])"
    command = [sys.executable, "-S", "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert told.stdout.strip() == "[]"


def test_the_ballast_is_held_and_given_back(tmp_path: Path) -> None:
    """The space is really taken, holding it twice is fine, and giving back says how much."""
    assert restore_ballast(tmp_path, 1_000_000)
    assert restore_ballast(tmp_path, 1_000_000)
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 1_000_000
    assert release_ballast(tmp_path) == 1_000_000
    assert release_ballast(tmp_path) == 0


def test_a_ballast_that_does_not_fit_is_not_held(tmp_path: Path) -> None:
    """A disk without the room keeps what room it has."""
    assert not restore_ballast(tmp_path, 1 << 60)
    assert list(tmp_path.iterdir()) == []

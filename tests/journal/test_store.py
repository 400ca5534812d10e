"""The journal on disk: two copies that mend each other, and refusals that destroy nothing."""

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.journal.book import Record
from kernel_opt.journal.database import APPLICATION_ID
from kernel_opt.journal.reader import read_summary
from kernel_opt.journal.store import Store, read_records
from kernel_opt.model.errors import InfrastructureError, ReadFailedError, RunTakenError, UsageError

FACT = Record(0, 1, "Benched", 1.25, "boot-a", 2.5, b'{"us":1.5}')
DATA = Path(__file__).parent / "data"


def filled(directory: Path, count: int = 3) -> Path:
    store = Store.create(directory)
    for _ in range(count):
        store.append(FACT, b'{"round":1}')
    store.close()
    return directory


def seqs(directory: Path) -> tuple[list[int], int]:
    """The seqs in the database and the number of lines in the mirror."""
    return [record.seq for record in read_records(directory)], (directory / "journal.jsonl").read_bytes().count(b"\n")


def test_a_journal_is_there_after_it_was_closed(tmp_path: Path) -> None:
    """What was acknowledged is read by the next process and goes on from there."""
    filled(tmp_path)
    store = Store.open(tmp_path)
    assert store.append(FACT) == 4
    store.close()
    assert seqs(tmp_path) == ([1, 2, 3, 4], 4)


def test_a_journal_is_never_begun_over_another(tmp_path: Path) -> None:
    """Creating refuses where records lie, also when only the second copy is left."""
    filled(tmp_path)
    with pytest.raises(UsageError, match="already holds a journal"):
        Store.create(tmp_path)
    (tmp_path / "journal.db").unlink()
    with pytest.raises(UsageError, match="already holds a journal"):
        Store.create(tmp_path)


def test_where_no_journal_is_nothing_is_opened(tmp_path: Path) -> None:
    """Opening does not make a journal by accident."""
    with pytest.raises(ReadFailedError, match="holds no journal"):
        Store.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lost", ["journal.db", "journal.jsonl"])
def test_a_lost_copy_is_built_again_from_the_other(tmp_path: Path, lost: str) -> None:
    """Either file alone is the whole journal."""
    filled(tmp_path)
    (tmp_path / lost).unlink()
    Store.open(tmp_path).close()
    assert seqs(tmp_path) == ([1, 2, 3], 3)
    assert list(read_records(tmp_path)) == [replace(FACT, seq=seq) for seq in (1, 2, 3)]


@pytest.mark.parametrize("behind", ["journal.db", "journal.jsonl"])
def test_a_copy_that_lags_is_filled_up(tmp_path: Path, behind: str) -> None:
    """A copy that was put back from a backup takes what the other has more."""
    filled(tmp_path, 2)
    old = (tmp_path / behind).read_bytes()
    store = Store.open(tmp_path)
    store.append(FACT)
    store.close()
    (tmp_path / behind).write_bytes(old)
    Store.open(tmp_path).close()
    assert seqs(tmp_path) == ([1, 2, 3], 3)


def test_a_torn_last_line_is_cut_and_written_again(tmp_path: Path) -> None:
    """A power cut in mid-line costs nothing: the database has the record."""
    filled(tmp_path)
    mirror = tmp_path / "journal.jsonl"
    whole = mirror.read_bytes()
    mirror.write_bytes(whole[:-20])
    Store.open(tmp_path).close()
    assert mirror.read_bytes() == whole


def test_two_copies_that_tell_two_stories_are_refused(tmp_path: Path) -> None:
    """Nobody but a person can say which of two different histories happened."""
    filled(tmp_path / "a", 1)
    store = Store.create(tmp_path / "b")
    store.append(replace(FACT, kind="Broke"))
    store.close()
    (tmp_path / "b" / "journal.jsonl").rename(tmp_path / "a" / "journal.jsonl")
    with pytest.raises(ReadFailedError, match="differ at record 1"):
        Store.open(tmp_path / "a")


def test_a_state_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A directory where a file should be is the machine's fault, told in one sentence."""
    (tmp_path / "a" / "journal.db").mkdir(parents=True)
    with pytest.raises(InfrastructureError, match="cannot be written"):
        Store.open(tmp_path / "a")
    (tmp_path / "b" / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(InfrastructureError, match="cannot be written"):
        Store.open(tmp_path / "b")


def foreign_text(path: Path) -> None:
    path.write_text("this is no database, but long enough to look at\n" * 200)


def foreign_database(path: Path) -> None:
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE record (x)")
    db.commit()
    db.close()


def newer_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()


def holed_database(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [foreign_text, foreign_database, newer_database, holed_database])
def test_a_database_that_is_not_ours_or_not_whole_is_refused_and_left(tmp_path: Path, spoil: object) -> None:
    """The error names the file and what to do; not one byte of it is changed."""
    assert callable(spoil)
    filled(tmp_path)
    path = tmp_path / "journal.db"
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(ReadFailedError, match=r"journal\.db") as told:
        Store.open(tmp_path)
    assert told.value.mend
    assert path.read_bytes() == before


def test_after_the_bad_file_is_moved_aside_the_run_goes_on(tmp_path: Path) -> None:
    """The mend that the error names does mend."""
    filled(tmp_path)
    foreign_text(tmp_path / "journal.db")
    (tmp_path / "journal.db").rename(tmp_path / "aside")
    Store.open(tmp_path).close()
    assert seqs(tmp_path) == ([1, 2, 3], 3)


def test_an_empty_database_is_one_that_was_never_begun(tmp_path: Path) -> None:
    """A crash between making the file and its tables leaves something that can be opened."""
    (tmp_path / "journal.db").touch()
    store = Store.open(tmp_path)
    assert store.append(FACT) == 1
    store.close()
    db = sqlite3.connect(tmp_path / "journal.db")
    assert db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    db.close()


def test_a_second_writer_cannot_double_a_record(tmp_path: Path) -> None:
    """The one who comes too late is told, and nothing of his is written."""
    filled(tmp_path, 1)
    first, second = Store.open(tmp_path), Store.open(tmp_path)
    first.append(FACT)
    with pytest.raises(RunTakenError):
        second.append(replace(FACT, kind="Dropped"))
    first.close()
    second.close()
    assert seqs(tmp_path) == ([1, 2], 2)


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The record that does not fit is in neither copy; when there is room again it goes in."""
    store = Store.create(tmp_path)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages}")
    big = replace(FACT, body=b'"' + b"x" * 100_000 + b'"')
    with pytest.raises(InfrastructureError, match="disk full"):
        store.append(big)
    assert seqs(tmp_path) == ([], 0)
    store._db.execute("PRAGMA max_page_count=1000000")
    assert store.append(big) == 1
    store.close()
    assert seqs(tmp_path) == ([1], 1)


def test_a_second_copy_that_cannot_be_written_stops_the_next_record(tmp_path: Path) -> None:
    """The record that is safe in the database counts; the next waits until both copies can be written."""
    store = Store.create(tmp_path)
    mirror = store._mirror
    with Path("/dev/full").open("rb+", buffering=0) as full:
        good, mirror._fd = mirror._fd, full.fileno()
        assert store.append(FACT) == 1
        with pytest.raises(InfrastructureError):
            store.append(FACT)
        mirror._fd = good
    assert store.append(FACT) == 2
    store.close()
    assert seqs(tmp_path) == ([1, 2], 2)


def test_a_slow_reader_never_keeps_the_daemon_from_writing(tmp_path: Path) -> None:
    """A reader that stops half-way holds nothing: records go in, and it sees them when it goes on."""
    store = Store.create(tmp_path)
    rows = [(seq, 1, "Benched", 1.0, "b", 2.0, b"{}", 1) for seq in range(1, 1501)]
    store._db.execute("BEGIN")
    store._db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store._db.execute("COMMIT")
    store.close()
    store = Store.open(tmp_path)
    readers = [read_records(tmp_path), store.records()]
    assert [next(reader).seq for reader in readers] == [1, 1]
    assert store.append(FACT) == 1501
    assert [sum(1 for _ in reader) for reader in readers] == [1500, 1500]
    store.close()


def test_a_reader_sees_what_is_committed_while_the_daemon_is_in_the_middle(tmp_path: Path) -> None:
    """An open transaction of the writer neither blocks nor shows."""
    store = Store.create(tmp_path)
    store.append(FACT, b"before")
    store._db.execute("BEGIN IMMEDIATE")
    store._db.execute("INSERT OR REPLACE INTO summary VALUES (1, 2, 'after')")
    assert read_summary(tmp_path) == (1, 1, b"before", 1.25)
    store._db.execute("ROLLBACK")
    store.close()


def test_a_journal_of_the_first_version_loads_for_ever(tmp_path: Path) -> None:
    """Both copies as they were first written are read as they are, and take new records."""
    for name in ("journal.db", "journal.jsonl"):
        (tmp_path / name).write_bytes((DATA / f"v1-{name}").read_bytes())
    assert read_summary(tmp_path) == (2, 2, b'{"state":"idle"}', 1_700_000_001.5)
    store = Store.open(tmp_path)
    assert [(record.kind, record.body) for record in store.records()] == [
        ("Started", b'{"tag":"apr16","base":"0123"}'),
        ("Benched", '{"us":1.5,"why":"größer"}'.encode()),
    ]
    assert store.append(FACT) == 3
    store.close()

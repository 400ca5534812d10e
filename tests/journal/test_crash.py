"""The writer dies at every place: nothing acknowledged is lost, nothing is doubled, and readers never stumble."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel_opt.journal import failpoints
from kernel_opt.journal.book import Record
from kernel_opt.journal.reader import read_summary
from kernel_opt.journal.store import Store, read_records
from kernel_opt.model.errors import InfrastructureError, UsageError

WRITER = """
import sys
from pathlib import Path
from kernel_opt.journal.book import Record
from kernel_opt.journal.store import Store
store = Store.open(Path(sys.argv[1]))
for number in range(5):
    store.append(Record(0, number, "Benched", 1.0, "boot", 2.0, b'{"n":%d}' % number), b'{"n":%d}' % number)
    print(number, flush=True)
"""
# A cache of one page makes SQLite write to the file in mid-transaction: the journal left behind is a hot one.
HALF = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/journal.db", isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
for seq in range(2, 400):
    db.execute("INSERT INTO record VALUES (?, 1, 'Broke', 1.0, 'boot', 2.0, ?, 1)", (seq, b'"' + b'x' * 900 + b'"'))
db.execute("INSERT OR REPLACE INTO summary VALUES (1, 399, 'half')")
os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so root goes on as nobody."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def run(script: str, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, str(directory)]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60)


def half_written(directory: Path) -> None:
    """One record, and then a writer that died with a part of a transaction in the file."""
    store = Store.create(directory)
    run(WRITER, directory, KERNEL_OPT_FAILPOINT="append:after:kill")
    store.close()
    assert run(HALF, directory).returncode == -signal.SIGKILL
    assert (directory / "journal.db-journal").stat().st_size > 0


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("place", ["append:before", "commit:before", "commit:after", "mirror:before", "append:after"])
def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path, place: str, nth: int) -> None:
    """Every record that was acknowledged is there, at most one more, and both copies agree after the next start."""
    Store.create(tmp_path).close()
    died = run(WRITER, tmp_path, KERNEL_OPT_FAILPOINT=f"{place}:kill@{nth}")
    assert died.returncode == -signal.SIGKILL
    acknowledged = len(died.stdout.split())
    store = Store.open(tmp_path)
    numbers = [record.round for record in store.records()]
    store.close()
    assert numbers == list(range(len(numbers)))
    assert acknowledged <= len(numbers) <= acknowledged + 1
    assert (tmp_path / "journal.jsonl").read_bytes().count(b"\n") == len(numbers)


@pytest.mark.parametrize("kind", ["raise", "enospc"])
def test_a_failed_append_can_be_made_again(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in mid-transaction leaves the store usable and the record absent."""
    store = Store.create(tmp_path)
    failpoints._passes.clear()
    monkeypatch.setenv(failpoints.VARIABLE, f"commit:before:{kind}@1")
    record = Record(0, 1, "Kept", 1.0, "boot", 2.0, b"{}")
    with pytest.raises(InfrastructureError):
        store.append(record)
    assert list(store.records()) == []
    assert store.append(record) == 1
    store.close()


def test_a_commit_that_was_done_counts_although_it_said_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the file is acknowledged: else the caller would write it a second time."""
    store = Store.create(tmp_path)
    failpoints._passes.clear()
    monkeypatch.setenv(failpoints.VARIABLE, "commit:after:enospc@1")
    record = Record(0, 1, "Kept", 1.0, "boot", 2.0, b"{}")
    assert [store.append(record), store.append(record)] == [1, 2]
    store.close()


def test_a_reader_undoes_what_a_killed_writer_left(tmp_path: Path) -> None:
    """A hot rollback journal is rolled back by whoever may write, and the half transaction is never seen."""
    half_written(tmp_path)
    assert read_summary(tmp_path) == (1, 1, b'{"n":0}', 1.0)
    half_written_again = run(HALF, tmp_path)
    assert half_written_again.returncode == -signal.SIGKILL
    assert [record.seq for record in read_records(tmp_path)] == [1]


@pytest.mark.parametrize("lines", [0, 1])
def test_a_reader_that_may_not_write_reads_the_second_copy(lines: int) -> None:
    """Somebody else's status call, which may not undo the half transaction, gives the records without the snapshot."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "state"
        half_written(directory)
        os.truncate(directory / "journal.jsonl", lines * (directory / "journal.jsonl").stat().st_size)
        for path in (Path(name), directory, *directory.iterdir()):
            path.chmod(0o555)
        with as_nobody():
            snapshot, records = read_summary(directory), list(read_records(directory))
        directory.chmod(0o755)
        Path(name).chmod(0o755)
    assert snapshot == (lines, None, None, 1.0 if lines else None)
    assert [record.seq for record in records] == [1] * lines


def test_a_hanging_failpoint_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of time limits can hold the writer at a known place until something else stops it."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    monkeypatch.setenv(failpoints.VARIABLE, "append:after:hang")
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        with pytest.raises(TimeoutError):
            failpoints.failpoint("append.after")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("bad", ["append", "append:inside:kill", "append:before:sing", "append:before:kill@soon"])
def test_a_misspelt_failpoint_is_refused(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """A crash test that names nothing real must not pass by doing nothing."""
    monkeypatch.setenv(failpoints.VARIABLE, bad)
    with pytest.raises(UsageError):
        failpoints.failpoint("append.before")


def test_without_the_variable_a_failpoint_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a real run every place is passed."""
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    failpoints.failpoint("append.before")


def test_another_place_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the named place fires, and with a count only on that pass."""
    failpoints._passes.clear()
    monkeypatch.setenv(failpoints.VARIABLE, "other:before:raise,append:before:raise@2")
    failpoints.failpoint("append.before")
    with pytest.raises(InfrastructureError, match=r"append\.before"):
        failpoints.failpoint("append.before")
    failpoints.failpoint("append.before")

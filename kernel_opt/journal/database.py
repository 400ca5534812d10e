"""The database of the journal: its tables, how it is opened and checked, and how its errors are told."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.journal.book import Record
from kernel_opt.journal.durable import sync_directory
from kernel_opt.journal.reader import NAME, WAIT_S, unreadable
from kernel_opt.model.errors import InfrastructureError, ReadFailedError, RunTakenError

APPLICATION_ID = 0x4B4F5054
"""Says "KOPT" in the file's header: a foreign database is known before it is touched."""
VERSION = 1
INSERT = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_SUMMARY = "INSERT OR REPLACE INTO summary VALUES (1, ?, ?)"
SELECT = "SELECT * FROM record WHERE seq > ? ORDER BY seq LIMIT 1000"
"""In batches: a reader lets go in between, else a slow one would keep the daemon from writing."""
_SCHEMA = (
    """CREATE TABLE record (seq INTEGER PRIMARY KEY, round INTEGER NOT NULL, kind TEXT NOT NULL, at_s REAL NOT NULL,
 boot_id TEXT NOT NULL, boottime_s REAL NOT NULL, body BLOB NOT NULL, schema INTEGER NOT NULL)""",
    "CREATE TABLE summary (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, body BLOB NOT NULL)",
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={VERSION}",
)


def connect(directory: Path) -> sqlite3.Connection:
    """Open for writing, with the tables made in an empty file, after a check that the file is ours and whole."""
    db = sqlite3.connect(directory / NAME, timeout=WAIT_S, isolation_level=None)
    try:
        # Read before any pragma that writes: a foreign file must stay as it is.
        _check(directory, db)
        # Measured: this pair lost nothing at a power cut; a round has ten records, so 4 ms each are nothing.
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA synchronous=EXTRA")
        _make_tables(db)
    except (sqlite3.Error, ReadFailedError):
        db.close()
        raise
    sync_directory(directory)
    return db


def _check(directory: Path, db: sqlite3.Connection) -> None:
    if _is_empty(db):
        return
    if _pragma(db, "application_id") != APPLICATION_ID:
        raise unreadable(str(directory), "it is another program's database")
    verdict = _pragma(db, "quick_check(1)")
    if verdict != "ok":
        raise unreadable(str(directory), str(verdict))
    version = _pragma(db, "user_version")
    if version != VERSION:
        where = f"{directory / NAME} has version {version}, this kernel-opt reads {VERSION}"
        raise ReadFailedError(where, "use the kernel-opt that wrote it, or a newer one")


def _make_tables(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if _is_empty(db):
        for statement in _SCHEMA:
            db.execute(statement)
    db.execute("COMMIT")


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _pragma(db: sqlite3.Connection, name: str) -> int | str:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def walk(db: sqlite3.Connection, after: int) -> Iterator[Record]:
    """Walk the records whose seq is above ``after``."""
    while rows := db.execute(SELECT, (after,)).fetchall():
        yield from (Record(*row) for row in rows)
        after = rows[-1][0]


def row_of(record: Record) -> tuple[int, int, str, float, str, float, bytes, int]:
    """Lay the fields out as columns."""
    who = (record.seq, record.round, record.kind, record.at_s)
    return *who, record.boot_id, record.boottime_s, record.body, record.schema


def read_last_seq(db: sqlite3.Connection) -> int:
    """Return the seq of the last record; 0 for none."""
    return db.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()[0]


def translate(directory: Path, error: OSError | sqlite3.Error) -> InfrastructureError | RunTakenError:
    """Say what failed and what to do now."""
    if isinstance(error, sqlite3.IntegrityError):
        return RunTakenError(f"another process writes the journal in {directory}", "stop it first")
    if "full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
        return DiskFullError(f"disk full: the journal in {directory} takes no more records", "free some room there")
    mend = "see that the directory can be written and that nothing else has it open"
    return InfrastructureError(f"the journal in {directory} cannot be written: {error}", mend)

"""The journal on disk: SQLite is the truth, a chain of JSON lines its independent copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from kernel_opt.journal.book import Record, require_one_line, require_open
from kernel_opt.journal.database import INSERT, PUT_SUMMARY, SELECT, connect, read_last_seq, row_of, translate, walk
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.journal.mirror import NAME as MIRROR_NAME
from kernel_opt.journal.mirror import Mirror, read_mirror
from kernel_opt.journal.reader import NAME, query, unreadable
from kernel_opt.model.errors import InfrastructureError, ReadFailedError, UsageError


class Store:
    """The one writer's hold on the journal of a run."""

    def __init__(self, directory: Path, db: sqlite3.Connection, mirror: Mirror) -> None:
        self._directory = directory
        self._db = db
        self._mirror = mirror
        self._open = True
        self._last_seq = read_last_seq(db)

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Begin an empty journal in ``directory``, which is made when missing."""
        directory.mkdir(parents=True, exist_ok=True)
        if any((directory / name).exists() and (directory / name).stat().st_size for name in (NAME, MIRROR_NAME)):
            raise UsageError(f"{directory} already holds a journal", "resume that run, or take another tag")
        (directory / NAME).touch(mode=0o600)
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open for writing, after a check of both copies; the shorter one is filled up from the other."""
        path = directory / NAME
        if not path.exists() and not (directory / MIRROR_NAME).exists():
            raise ReadFailedError(f"{directory} holds no journal", "start the run without --resume")
        try:
            db = connect(directory)
        except sqlite3.OperationalError as error:
            raise translate(directory, error) from error
        except sqlite3.DatabaseError as error:
            raise unreadable(str(directory), str(error)) from error
        with ExitStack() as undo:
            undo.callback(db.close)
            try:
                mirror = Mirror(directory)
                undo.callback(mirror.close)
                _agree(directory, db, mirror)
            except (OSError, sqlite3.Error) as error:
                raise translate(directory, error) from error
            undo.pop_all()
        return cls(directory, db, mirror)

    def append(self, record: Record, summary: bytes | None = None) -> int:
        """See Book; the record is on the disk, whole, when this returns, and nowhere when it raises."""
        require_open(is_open=self._open)
        require_one_line(record)
        numbered = replace(record, seq=self._last_seq + 1)
        try:
            failpoint("append.before")
            _fill_mirror(self._db, self._mirror)
            self._commit(numbered, summary)
        except (OSError, sqlite3.Error) as error:
            raise translate(self._directory, error) from error
        self._last_seq = numbered.seq
        failpoint("mirror.before")
        # The record is safe already. A copy that lags is filled up by the next append, which fails when it cannot.
        with suppress(OSError):
            self._mirror.append(numbered)
        failpoint("append.after")
        return numbered.seq

    def _commit(self, record: Record, summary: bytes | None) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(INSERT, row_of(record))
            if summary is not None:
                self._db.execute(PUT_SUMMARY, (record.seq, summary))
            failpoint("commit.before")
            self._db.execute("COMMIT")
            failpoint("commit.after")
        except (sqlite3.Error, OSError, InfrastructureError) as error:
            self._db.rollback()
            # A commit may be done although the last call in it failed: what the file says counts.
            if isinstance(error, sqlite3.IntegrityError) or read_last_seq(self._db) != record.seq:
                raise

    def records(self, after: int = 0) -> Iterator[Record]:
        """See Book."""
        require_open(is_open=self._open)
        return walk(self._db, after)

    def close(self) -> None:
        """See Book."""
        if self._open:
            self._open = False
            self._db.close()
            self._mirror.close()


def read_records(directory: Path, after: int = 0) -> Iterator[Record]:
    """Walk the records while the daemon may be writing, in batches, holding nothing in between."""
    while True:
        try:
            rows = query(str(directory), lambda db, after=after: db.execute(SELECT, (after,)).fetchall())
        except PermissionError:
            yield from read_mirror(directory / MIRROR_NAME, after)
            return
        if not rows:
            return
        yield from (Record(*row) for row in rows)
        after = rows[-1][0]


def _agree(directory: Path, db: sqlite3.Connection, mirror: Mirror) -> None:
    """Make both copies hold the same records, or say that they tell two stories."""
    common = min(read_last_seq(db), mirror.last_seq)
    if common:
        ours = next(walk(db, common - 1))
        theirs = next(read_mirror(mirror.path, common - 1))
        if ours != theirs:
            mend = "move the one that is wrong aside: it is built again from the other"
            raise ReadFailedError(f"{NAME} and {MIRROR_NAME} in {directory} differ at record {common}", mend)
    if mirror.last_seq > common:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(INSERT, map(row_of, read_mirror(mirror.path, common)))
        db.execute("COMMIT")
    _fill_mirror(db, mirror)


def _fill_mirror(db: sqlite3.Connection, mirror: Mirror) -> None:
    if mirror.last_seq < read_last_seq(db):
        for record in walk(db, mirror.last_seq):
            mirror.append(record)

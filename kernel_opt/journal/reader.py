"""Look into a journal without the daemon; imports almost nothing, because `status` must start at once."""

import json
import os
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from kernel_opt.model.errors import ReadFailedError

T = TypeVar("T")
NAME = "journal.db"
WAIT_S = 10.0
"""A commit holds the file for milliseconds; on a disk that is being flushed, for seconds."""
_TAIL_BYTES = 4 * 1024 * 1024
_SUMMARY = """SELECT (SELECT max(seq) FROM record), (SELECT seq FROM summary), (SELECT body FROM summary),
 (SELECT at_s FROM record ORDER BY seq DESC LIMIT 1)"""


def read_summary(directory: str | os.PathLike[str]) -> tuple[int, int | None, bytes | None, float | None]:
    """Return (last seq, seq of the status snapshot, the snapshot, wall clock of the last record); None: not there."""
    folder = os.fspath(directory)
    try:
        last_seq, summary_seq, summary, at_s = query(folder, lambda db: db.execute(_SUMMARY).fetchone())
    except PermissionError:
        last_seq, at_s = _read_tail(f"{folder}/journal.jsonl")
        return last_seq, None, None, at_s
    return last_seq or 0, summary_seq, summary, at_s


def query(folder: str, ask: Callable[[sqlite3.Connection], T]) -> T:
    """Ask the database in ``folder``; PermissionError when only a writer could read it now and we may not write.

    A writer killed in mid-transaction leaves a rollback journal, and a reader that cannot write cannot undo it.
    """
    last = "it cannot be opened"
    for mode in ("ro", "rw"):
        try:
            db = sqlite3.connect(_uri(folder, mode), uri=True, timeout=WAIT_S, isolation_level=None)
            try:
                return ask(db)
            finally:
                db.close()
        except sqlite3.OperationalError as error:
            last = str(error)
        except sqlite3.DatabaseError as error:
            raise unreadable(folder, str(error)) from error
    if os.access(f"{folder}/journal.jsonl", os.R_OK) and not os.access(folder, os.W_OK, effective_ids=True):
        raise PermissionError(last)
    raise unreadable(folder, last)


def unreadable(folder: str, why: str) -> ReadFailedError:
    """Say that the database is no journal, and what to do; the file is left as it is."""
    mend = f"move it aside: it is built again from {folder}/journal.jsonl when the run is resumed"
    return ReadFailedError(f"{folder}/{NAME} cannot be read as a journal: {why}", mend)


def _uri(folder: str, mode: str) -> str:
    escaped = folder.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{escaped}/{NAME}?mode={mode}"


def _read_tail(path: str) -> tuple[int, float | None]:
    with open(path, "rb") as lines:
        lines.seek(max(0, lines.seek(0, os.SEEK_END) - _TAIL_BYTES))
        whole = lines.read().split(b"\n")[:-1]
    if not whole:
        return 0, None
    last = json.loads(whole[-1])
    return last["seq"], last["at_s"]

"""The second copy of the journal: one JSON line per record, each sealed with the hash of the line before."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from kernel_opt.journal.book import Record
from kernel_opt.journal.durable import sync_directory, write_all
from kernel_opt.model.errors import ReadFailedError

NAME = "journal.jsonl"
FIRST_PREV = "0" * 64
_BODY = b',"body":'


def format_line(record: Record, prev: str) -> bytes:
    """Write ``record`` as one line; the body stands last and byte for byte, so that it can be cut out again."""
    head = {
        "prev": prev,
        "seq": record.seq,
        "round": record.round,
        "kind": record.kind,
        "at_s": record.at_s,
        "boot_id": record.boot_id,
        "boottime_s": record.boottime_s,
        "schema": record.schema,
    }
    return json.dumps(head, separators=(",", ":")).encode()[:-1] + _BODY + record.body + b"}\n"


def parse_line(line: bytes) -> Record:
    """Read a whole line (with its newline) back; ValueError when it is none of ours."""
    # A quote inside a JSON string is escaped, so the first bare ,"body": is the key itself.
    head, found, rest = line.partition(_BODY)
    if not found or not rest.endswith(b"}\n"):
        raise ValueError("no line of a journal")
    body = rest[:-2]
    json.loads(body)
    # An object, as the line was seen to start like ours.
    fields: dict[str, Any] = json.loads(head + b"}")
    try:
        del fields["prev"]
        return Record(body=body, **fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"a field is missing or unknown ({error})") from error


def walk_lines(path: Path) -> Iterator[bytes]:
    """Walk the whole lines, checking the chain; a torn last line ends the walk."""
    prev = FIRST_PREV
    with path.open("rb") as lines:
        for seq, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            # Compared as bytes, not parsed: 100,000 lines are checked at every start.
            if not line.startswith(b'{"prev":"%b","seq":%d,' % (prev.encode(), seq)):
                raise _broken(path, seq, "it does not follow the line before")
            prev = hashlib.sha256(line).hexdigest()
            yield line


def read_mirror(path: Path, after: int = 0) -> Iterator[Record]:
    """Walk the records whose seq is above ``after``."""
    for seq, line in enumerate(walk_lines(path), start=1):
        if seq > after:
            yield _parse_at(path, seq, line)


def _parse_at(path: Path, seq: int, line: bytes) -> Record:
    try:
        return parse_line(line)
    except ValueError as error:
        raise _broken(path, seq, str(error)) from error


def _broken(path: Path, number: int, why: str) -> ReadFailedError:
    mend = (
        "move the file aside: it is written again from journal.db; if that is gone too, cut the file before this line"
    )
    return ReadFailedError(f"{path} line {number}: {why}", mend)


class Mirror:
    """The file, open for writing; knows its last record."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        is_new = not self.path.exists()
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if is_new:
            sync_directory(directory)
        self.last: Record | None = None
        self._prev = FIRST_PREV
        self._size_bytes = 0
        try:
            self._find_end()
        except ReadFailedError:
            os.close(self._fd)
            raise

    def _find_end(self) -> None:
        last_line, count = b"", 0
        for count, last_line in enumerate(walk_lines(self.path), start=1):  # noqa: B007 (the last pair is what is wanted)
            self._size_bytes += len(last_line)
        if last_line:
            self.last = _parse_at(self.path, count, last_line)
            self._prev = hashlib.sha256(last_line).hexdigest()
        os.ftruncate(self._fd, self._size_bytes)

    @property
    def last_seq(self) -> int:
        """The seq of the last whole line; 0 for none."""
        return 0 if self.last is None else self.last.seq

    def append(self, record: Record) -> None:
        """Add a line and wait for the disk; after an OSError the file is as it was."""
        line = format_line(record, self._prev)
        os.ftruncate(self._fd, self._size_bytes)
        try:
            write_all(self._fd, line)
            os.fdatasync(self._fd)
        except OSError:
            # A cut that fails here as well is made again by the next append or the next start.
            with suppress(OSError):
                os.ftruncate(self._fd, self._size_bytes)
            raise
        self.last, self._prev = record, hashlib.sha256(line).hexdigest()
        self._size_bytes += len(line)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

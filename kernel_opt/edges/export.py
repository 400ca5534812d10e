"""The files of a commit, byte for byte as they are committed: no filter, no line ending, no attribute changes them."""

# Names here are bytes, which need not be text; pathlib takes only text.
# ruff: noqa: PTH101, PTH103, PTH118, PTH211

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kernel_opt.edges.repository import Repository, TreeEntry
from kernel_opt.edges.tree_scan import LINK
from kernel_opt.journal.durable import write_all
from kernel_opt.model.errors import InfrastructureError, UsageError

_CHUNK_BYTES = 1 << 20
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Submodule:
    """A place in the tree where another repository belongs; its directory is left empty."""

    path: str
    commit: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    files: int
    submodules: tuple[Submodule, ...]


def export(repository: Repository, commit: str, into: Path, *, read_only: bool = False) -> Exported:
    """Write the tree of ``commit`` into the new or empty directory ``into``."""
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise UsageError(f"{into} is not empty", "export into a new directory")
    entries = repository.entries(commit)
    write_entries(repository, os.fsencode(into), entries, read_only=read_only)
    submodules = tuple(
        Submodule(os.fsdecode(path), entry.sha) for path, entry in entries.items() if entry.mode == _SUBMODULE
    )
    if read_only:
        for directory, _, _ in os.walk(into, topdown=False):
            os.chmod(directory, 0o555)  # noqa: S103 (nobody may write)
    return Exported(len(entries) - len(submodules), submodules)


def write_entries(
    repository: Repository, root: bytes, entries: Mapping[bytes, TreeEntry], *, read_only: bool = False
) -> None:
    """Write ``entries`` below ``root``; nothing may stand where they go."""
    _make_directories(root, entries)
    blobs = [(path, entry) for path, entry in entries.items() if entry.mode != _SUBMODULE]
    asked = "".join(f"{entry.sha}\n" for _, entry in blobs).encode()
    with repository.git.stream("cat-file", "--batch", stdin=asked) as out:
        for path, entry in blobs:
            head = out.readline().split()
            if len(head) != 3 or head[1] != b"blob":
                where = f"{os.fsdecode(path)} ({entry.sha}) cannot be read from {repository.common_dir}"
                raise InfrastructureError(where, "run git fsck there")
            _write_blob(out, os.path.join(root, path), entry.mode, int(head[2]), read_only=read_only)


def _make_directories(root: bytes, entries: Mapping[bytes, TreeEntry]) -> None:
    wanted = {path if entry.mode == _SUBMODULE else path.rpartition(b"/")[0] for path, entry in entries.items()}
    for path in sorted(wanted):
        os.makedirs(os.path.join(root, path), exist_ok=True)


def _write_blob(out: IO[bytes], place: bytes, mode: str, size_bytes: int, *, read_only: bool) -> None:
    if mode == LINK:
        os.symlink(out.read(size_bytes), place)
    else:
        bits = 0o777 if mode == "100755" else 0o666
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(place, flags, bits & 0o555 if read_only else bits)
        try:
            while size_bytes:
                chunk = out.read(min(size_bytes, _CHUNK_BYTES))
                if not chunk:
                    raise InfrastructureError("git ended in the middle of a file", "run git fsck in the repository")
                write_all(fd, chunk)
                size_bytes -= len(chunk)
        finally:
            os.close(fd)
    out.read(1)

"""What lies in a directory, told from its bytes: no index, no attributes, no ignore file has a say."""

# Names here are bytes, which need not be text; pathlib takes only text.
# ruff: noqa: PTH115, PTH118, PTH123

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

MAX_ENTRIES = 100_000
"""Bounds the time a hostile tree may cost; the largest kernel libraries hold some 20,000 files."""
MAX_DEPTH = 64
SPECIAL = "special"
LINK = "120000"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """One path in the directory."""

    mode: str
    """As git writes it, or "special" for what git cannot hold and for what could not be looked into."""
    size_bytes: int
    links: int = 1


class Ignore:
    """Globs of paths that do not count; `*` goes over slashes, a glob without one also fits any name on the way."""

    def __init__(self, globs: Iterable[str]) -> None:
        parts = [fnmatch.translate(glob.rstrip("/")) for glob in globs]
        self._pattern = re.compile("|".join(parts).encode()) if parts else None

    def fits(self, path: bytes) -> bool:
        """Tell whether ``path`` does not count."""
        if self._pattern is None:
            return False
        return any(self._pattern.match(part) for part in (path, path.rsplit(b"/", 1)[-1]))


def scan_tree(root: bytes, known: frozenset[bytes], submodules: frozenset[bytes], ignore: Ignore) -> dict[bytes, Found]:
    """Return every path below ``root`` that is no directory; paths in ``known`` are never ignored.

    ``known`` holds the base's paths and all directories above them.
    """
    found: dict[bytes, Found] = {}
    waiting, room = [b""], MAX_ENTRIES
    while waiting:
        below = waiting.pop()
        entries = _list(os.path.join(root, below), room)
        if entries is None or below.count(b"/") > MAX_DEPTH:
            found[below] = Found(SPECIAL, 0)
            continue
        room -= len(entries)
        for entry in entries:
            path = below + b"/" + entry.name if below else entry.name
            # The .git of the worktree itself is ours; one further down would make git look away from all beside it.
            if path == b".git" or (path not in known and ignore.fits(path)):
                continue
            if path in submodules:
                found.update(_submodule(path, entry))
            elif entry.is_dir(follow_symlinks=False) and entry.name.lower() != b".git":
                waiting.append(path)
            else:
                found[path] = _look(entry)
    return found


def _list(directory: bytes, room: int) -> list[os.DirEntry[bytes]] | None:
    """Return what is in ``directory``; None when that is too much or cannot be seen."""
    try:
        with os.scandir(directory) as entries:
            seen = list(islice(entries, room + 1))
    except OSError:
        return None
    return seen if len(seen) <= room else None


def _submodule(path: bytes, entry: os.DirEntry[bytes]) -> dict[bytes, Found]:
    # git leaves the directory of a submodule empty: only what is in it was put there.
    if entry.is_dir(follow_symlinks=False) and _list(entry.path, 0) is not None:
        return {}
    return {path: Found("160000", 0)}


def _look(entry: os.DirEntry[bytes]) -> Found:
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return Found(SPECIAL, 0)
    if stat.S_ISLNK(about.st_mode):
        return Found(LINK, about.st_size)
    if not stat.S_ISREG(about.st_mode) or entry.name.lower() == b".git":
        return Found(SPECIAL, about.st_size)
    mode = "100755" if about.st_mode & stat.S_IXUSR else "100644"
    return Found(mode, about.st_size, about.st_nlink)


def hash_link(path: bytes, algorithm: str) -> str:
    """Return the blob name of a link: of where it points, never of what is there."""
    target = os.readlink(path)
    return hashlib.new(algorithm, b"blob %d\0" % len(target) + target, usedforsecurity=False).hexdigest()


def hash_file(path: bytes, size_bytes: int, algorithm: str, keep_bytes: int) -> tuple[str | None, bytes]:
    """Return a file's blob name, and its content up to ``keep_bytes``; no name when it is not as it was seen."""
    seal = hashlib.new(algorithm, b"blob %d\0" % size_bytes, usedforsecurity=False)
    kept, read_bytes = b"", 0
    try:
        # Not followed and not waited for: between the look and this it may have become a link or a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None, b""
    with open(fd, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None, b""
        while chunk := stream.read(_CHUNK_BYTES):
            seal.update(chunk)
            read_bytes += len(chunk)
            if read_bytes > size_bytes:
                return None, b""
            kept = kept + chunk if read_bytes <= keep_bytes else b""
    return (seal.hexdigest(), kept) if read_bytes == size_bytes else (None, b"")

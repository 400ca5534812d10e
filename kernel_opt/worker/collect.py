"""What a run wrote, told from what was there before, and moved out of its reach."""

import fnmatch
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from kernel_opt.edges.session_records import CollectedFile, RunOrder

Fingerprint = tuple[int, int, int, int]
"""Inode, change time, modification time, size. The change time cannot be set back by who writes the file."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found when a run had ended."""

    files: tuple[CollectedFile, ...]
    stale: tuple[str, ...]
    refused: tuple[str, ...]


class Collector:
    """Looks at the places an order names before the run, and collects after it."""

    def __init__(self, session_dir: Path, order: RunOrder) -> None:
        self._session_dir = session_dir
        self._order = order
        self._before = {origin: _take_fingerprint(path) for origin, path, _ in self._find()}

    def collect(self) -> Collection:
        """Move what is new or changed; to be called when nothing of the run is alive any more."""
        files: list[CollectedFile] = []
        stale: list[str] = []
        refused: list[str] = []
        room = self._order.max_collect_bytes
        for origin, path, target in list(self._find()):
            found = path.lstat()
            if self._before.get(origin) == _take_fingerprint(path):
                stale.append(origin)
            elif reason := _find_reason_against(found, room):
                refused.append(f"{origin}: {reason}")
            else:
                room -= found.st_size
                files.append(self._move(origin, path, target))
        return Collection(tuple(files), tuple(stale), tuple(refused))

    def _find(self) -> Iterator[tuple[str, Path, PurePath]]:
        """Yield every file the order is after: its name for people, its place, its place below the run directory."""
        cwd = Path(self._order.cwd)
        for path in _walk(cwd, _find_depth(self._order.collect)):
            relative = path.relative_to(cwd)
            if any(_is_match(relative, pattern) for pattern in self._order.collect):
                yield str(relative), path, PurePath("files") / relative
        for name in self._order.collect_dirs:
            for path in _walk(Path(name)):
                yield str(path), path, PurePath(Path(name).name) / path.relative_to(name)

    def _move(self, origin: str, path: Path, target: PurePath) -> CollectedFile:
        """Move one file and tell what it is."""
        moved = self._session_dir / self._order.run_dir / target
        moved.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, moved)
        with moved.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        size = moved.stat().st_size
        return CollectedFile(path=str(moved.relative_to(self._session_dir)), origin=origin, sha256=digest, bytes=size)


def _find_depth(patterns: Sequence[str]) -> int:
    """Return how many directories deep the patterns reach, so that a large tree is not walked for ``*.csv``."""
    parts = [PurePath(pattern).parts for pattern in patterns]
    return sys.maxsize if any("**" in names for names in parts) else max(map(len, parts), default=0)


def _walk(top: Path, depth: int = sys.maxsize) -> Iterator[Path]:
    """Yield everything below a directory but directories, never through a symbolic link."""
    for place, below, names in os.walk(top):
        level = len(Path(place).relative_to(top).parts) + 1
        if level >= depth:
            below.clear()
        if level > depth:
            return
        yield from (Path(place) / name for name in sorted(names))


def _is_match(relative: PurePath, pattern: str) -> bool:
    """Match part by part; ``**`` stands for any number of directories."""
    return _match_parts(relative.parts, PurePath(pattern).parts)


def _match_parts(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_match_parts(parts[skip:], patterns[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], patterns[0]) and _match_parts(parts[1:], patterns[1:])


def _take_fingerprint(path: Path) -> Fingerprint | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size


def _find_reason_against(found: os.stat_result, room: int) -> str | None:
    """Tell why a file is not taken: only plain files of their own, and no more than fits."""
    if not stat.S_ISREG(found.st_mode):
        return "no plain file"
    if found.st_nlink != 1:
        return "has a second name, so what it holds may be older than the run"
    return f"{found.st_size} bytes are more than the {room} left for this run" if found.st_size > room else None

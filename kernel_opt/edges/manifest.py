"""Files that no run may change, seen before and after each: harness, interpreter, installed packages."""

# Looked at around every run, thousands of files: texts are five times as fast as Path objects.
# ruff: noqa: PTH112, PTH114, PTH118, PTH120, PTH208

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.files import remove_tree
from kernel_opt.rules.globs import matches_any

Mark = tuple[int, int, int, int, int]
"""Inode, change time, modification time, size, mode. The change time cannot be set back by who changes a file."""
_MOST_FILES = 200_000
"""Installed files that are looked at: a large GPU environment has some 50,000."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Protected files that are not as they were."""

    inside: tuple[str, ...] = ()
    """Of the export, relative to it: only the run itself can have changed these."""
    outside: tuple[str, ...] = ()


class Manifest:
    """How protected files looked before a run."""

    def __init__(self, tree: Path, protected: Sequence[str] = (), *, results: str = "") -> None:
        """Look at an export, and at ``protected`` files and folders: in these not deeper than their own entries.

        Whole installations are too large to be looked at around every run; the firmer sandboxes keep them from being
        written at all. ``results`` is the pattern of what a run may write over: an old table may be committed.
        """
        self._results = results
        self._tree = os.fspath(tree)
        self._protected = protected
        self._inside = dict(_look(self._tree, is_deep=True))
        self._outside = self._look_outside()

    def find_changes(self) -> Changes:
        """Return what was changed or removed since; new files in an export are no change."""
        now = dict(_look(self._tree, is_deep=True))
        changed = [os.path.relpath(path, self._tree) for path, mark in self._inside.items() if now.get(path) != mark]
        inside = [path for path in changed if not self._results or matches_any(path, (self._results,)) is None]
        after = self._look_outside()
        names = {*self._outside, *after}
        outside = sorted(name for name in names if self._outside.get(name) != after.get(name))
        return Changes(tuple(inside), tuple(outside))

    def remove_strays(self) -> None:
        """Remove what a run left in the export: the next one begins as this one did."""
        known = {self._tree}
        for path in self._inside:
            while path not in known:
                known.add(path)
                path = os.path.dirname(path)  # noqa: PLW2901 (climbs to the top)
        for folder, folders, names in os.walk(self._tree, topdown=True):
            for name in (*folders, *names):
                path = os.path.join(folder, name)
                if path not in known and not _is_empty_folder(path):
                    remove_tree(Path(path))
            folders[:] = [name for name in folders if os.path.join(folder, name) in known]

    def _look_outside(self) -> dict[str, Mark]:
        found: dict[str, Mark] = {}
        for path in self._protected:
            for place, mark in _look(path, is_deep=False):
                found[place] = mark
                if len(found) >= _MOST_FILES:
                    return found
        return found


def _is_empty_folder(path: str) -> bool:
    """Tell a folder that a commit has for a submodule, and a place where an input is shown."""
    return os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path)


def _look(path: str, *, is_deep: bool) -> Iterator[tuple[str, Mark]]:
    """Yield the files at and below a path, of a folder that is not looked into deeply its own entries."""
    try:
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except NotADirectoryError:
        about = os.lstat(path)
        yield path, (about.st_ino, about.st_ctime_ns, about.st_mtime_ns, about.st_size, about.st_mode)
        return
    except OSError:
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if is_deep and entry.name != "__pycache__":
                yield from _look(entry.path, is_deep=True)
            continue
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        yield entry.path, (about.st_ino, about.st_ctime_ns, about.st_mtime_ns, about.st_size, about.st_mode)

"""Three trees made one, path by path and line by line; nothing is checked out, and no merge driver of anybody runs."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from kernel_opt.edges.repository import Repository, TreeEntry
from kernel_opt.model.errors import InfrastructureError

_FILES = frozenset({"100644", "100755"})
_MOST_CONFLICTS = 127
"""What git answers for more of them; above it, its exit code means that it could not work at all."""


class MergeConflictError(Exception):
    """Both sides changed the same thing; its text is the path."""


def merge_trees(repository: Repository, base: str, ours: str, theirs: str) -> str:
    """Return ``ours`` with what ``theirs`` changed since ``base``; raise MergeConflictError where that cannot be."""
    before, here, there = (repository.entries(tree) for tree in (base, ours, theirs))
    lines: list[bytes] = []
    for path in sorted(before.keys() | there.keys()):
        was, now, mine = _content(before, path), _content(there, path), _content(here, path)
        if now in (was, mine):
            continue
        merged = now if mine == was else _merge_file(repository, path, was, mine, now)
        # A path that is gone has no mode, and a name of nothing but noughts.
        mode, sha = merged or ("0", "0" * len((was or ("", ""))[1]))
        lines.append(f"{mode} {sha}\t".encode() + path)
    if not lines:
        return ours
    git = repository.git
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as scratch:
        environ = {"GIT_INDEX_FILE": f"{scratch}/index"}
        git.run("read-tree", ours, environ=environ)
        git.run("update-index", "-z", "--index-info", stdin=b"".join(line + b"\0" for line in lines), environ=environ)
        return git.line("write-tree", environ=environ)


def _content(entries: Mapping[bytes, TreeEntry], path: bytes) -> tuple[str, str] | None:
    entry = entries.get(path)
    return None if entry is None else (entry.mode, entry.sha)


def _merge_file(
    repository: Repository,
    path: bytes,
    was: tuple[str, str] | None,
    mine: tuple[str, str] | None,
    now: tuple[str, str] | None,
) -> tuple[str, str]:
    """Merge two changes of one file, if it is a file on all sides and of one mode."""
    shown = path.decode(errors="backslashreplace")
    if was is None or mine is None or now is None or not {was[0], mine[0], now[0]} <= _FILES or mine[0] != now[0]:
        raise MergeConflictError(shown)
    git = repository.git
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as scratch:
        names: list[str] = []
        for name, (_, sha) in (("best", mine), ("base", was), ("candidate", now)):
            (Path(scratch) / name).write_bytes(git.run("cat-file", "blob", sha))
            names.append(f"{scratch}/{name}")
        answer = git.ask("merge-file", "-p", "-q", *names)
        if 0 < answer.code <= _MOST_CONFLICTS:
            raise MergeConflictError(shown)
        if answer.code == 255:  # what it says of binary files, and of files it cannot read
            raise MergeConflictError(shown)
        if answer.code != 0:
            raise InfrastructureError(f"git merge-file failed: {answer.err}", "see git's words")
        return mine[0], git.line("hash-object", "-w", "--no-filters", "--stdin", stdin=answer.out)

"""What the proposer changed, captured from bytes: nothing git could be told to overlook is overlooked."""

# Names here are bytes, which need not be text; pathlib takes only text.
# ruff: noqa: PTH118

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.repository import Repository, TreeEntry
from kernel_opt.edges.secrets import mask_bytes
from kernel_opt.edges.tree_scan import LINK, SPECIAL, Found, Ignore, hash_file, hash_link, scan_tree
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.errors import ReadFailedError

FILE_CAP_BYTES = 1024 * 1024
"""A kernel's source is some 100 KiB; what is bigger is no source."""
TOTAL_CAP_BYTES = 8 * 1024 * 1024
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class _Delta:
    """One changed path, with what is to be stored of it."""

    path: bytes
    kind: ChangeKind
    found: Found
    content: bytes | None = None


def capture_edit(
    repository: Repository,
    worktree: Path,
    base: str,
    *,
    ignore: Iterable[str] = (),
    file_cap_bytes: int = FILE_CAP_BYTES,
    total_cap_bytes: int = TOTAL_CAP_BYTES,
    secrets: Sequence[str] = (),
) -> Edit:
    """Compare ``worktree`` with the commit ``base``, and store base plus the changed regular files as a tree.

    What is ignored counts only where the base has it. What cannot be looked into (a pipe, a directory without end,
    a file over the cap) is told as a change, but is not in the tree. Secrets are left out of it: what git
    has once it keeps.
    """
    if not worktree.is_dir() or worktree.is_symlink():
        raise ReadFailedError(f"the worktree {worktree} is gone", "it is made again when the round is dropped")
    entries = repository.entries(base)
    root = os.fsencode(worktree)
    submodules = frozenset(path for path, entry in entries.items() if entry.mode == _SUBMODULE)
    found = scan_tree(root, _with_parents(entries), submodules, Ignore(ignore))
    deltas: list[_Delta] = []
    room_bytes = total_cap_bytes
    for path in sorted(found.keys() | entries.keys()):
        delta = _compare(root, path, entries.get(path), found.get(path), min(file_cap_bytes, room_bytes))
        if delta is not None:
            room_bytes -= len(delta.content or b"")
            deltas.append(delta)
    tree = _store(repository, base, deltas, secrets)
    added, removed = repository.numstat(base, tree)
    return Edit(base=base, tree=tree, changes=tuple(map(_change, deltas)), lines_added=added, lines_removed=removed)


def _with_parents(entries: Iterable[bytes]) -> frozenset[bytes]:
    known: set[bytes] = set()
    for path in entries:
        while path and path not in known:
            known.add(path)
            path = path.rpartition(b"/")[0]  # noqa: PLW2901 (climbs to the top)
    return frozenset(known)


def _compare(root: bytes, path: bytes, was: TreeEntry | None, now: Found | None, cap_bytes: int) -> _Delta | None:
    if now is None:
        # The directory of a submodule may be missing: there is nothing of it in the commit.
        if was is None or was.mode == _SUBMODULE:
            return None
        return _Delta(path, ChangeKind.DELETED, Found(was.mode, 0))
    kind = ChangeKind.ADDED if was is None else ChangeKind.MODIFIED
    if now.mode in (SPECIAL, _SUBMODULE):
        return _Delta(path, kind, now)
    return _compare_content(os.path.join(root, path), path, was, now, cap_bytes)


def _compare_content(place: bytes, path: bytes, was: TreeEntry | None, now: Found, cap_bytes: int) -> _Delta | None:
    algorithm = "sha256" if was is not None and len(was.sha) == 64 else "sha1"
    kind = ChangeKind.ADDED if was is None else ChangeKind.MODIFIED
    if now.mode == LINK:
        is_same = was is not None and was.mode == LINK and was.sha == hash_link(place, algorithm)
        return None if is_same else _Delta(path, kind, now)
    # The size alone tells that a file without end is another one; it is never read.
    if now.size_bytes > cap_bytes and (was is None or was.size_bytes != now.size_bytes):
        return _Delta(path, kind, now)
    sha, content = hash_file(place, now.size_bytes, algorithm, cap_bytes)
    if sha is None:
        return _Delta(path, kind, Found(SPECIAL, now.size_bytes))
    if was is None or was.sha != sha or was.mode == LINK:
        return _Delta(path, kind, now, content if now.size_bytes <= cap_bytes else None)
    return None if was.mode == now.mode else _Delta(path, ChangeKind.MODE, now, content)


def _change(delta: _Delta) -> Change:
    shown = delta.path.decode(errors="backslashreplace")
    return Change(path=shown or ".", kind=delta.kind, mode=delta.found.mode, size_bytes=delta.found.size_bytes)


def _store(repository: Repository, base: str, deltas: list[_Delta], secrets: Sequence[str]) -> str:
    """Write the tree through a private index; the checkout's own index is never read or written."""
    git = repository.git
    stored = [delta for delta in deltas if delta.content is not None]
    gone = [delta for delta in deltas if delta.kind is ChangeKind.DELETED]
    if not stored and not gone:
        return git.line("rev-parse", f"{base}^{{tree}}")
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as scratch:
        shas = _write_blobs(repository, Path(scratch), [mask_bytes(delta.content or b"", secrets) for delta in stored])
        environ = {"GIT_INDEX_FILE": f"{scratch}/index"}
        none = "0" * len(base)
        lines = [b"0 %b\t%b\0" % (none.encode(), delta.path) for delta in gone]
        lines += [
            b"%b %b\t%b\0" % (delta.found.mode.encode(), sha.encode(), delta.path)
            for delta, sha in zip(stored, shas, strict=True)
        ]
        git.run("read-tree", base, environ=environ)
        git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), environ=environ)
        return git.line("write-tree", environ=environ)


def _write_blobs(repository: Repository, scratch: Path, contents: list[bytes]) -> list[str]:
    """Store the bytes that were compared: git reads our copies, not the files that may still change."""
    names: list[Path] = []
    for number, content in enumerate(contents):
        names.append(scratch / f"{number}.blob")
        names[-1].write_bytes(content)
    fed = "".join(f"{name}\n" for name in names).encode()
    return repository.git.line("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=fed).split()

"""A checkout made byte for byte like a commit, whatever stands in it."""

# Names here are bytes, which need not be text; pathlib takes only text.
# ruff: noqa: PTH101, PTH118

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from kernel_opt.edges.export import write_entries
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.repository import Repository, TreeEntry
from kernel_opt.edges.tree_scan import LINK, hash_file, hash_link

_SUBMODULE = "160000"
_UNUSUAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


def restore_files(repository: Repository, directory: Path, commit: str) -> None:
    """Remove from ``directory`` all that ``commit`` has not, and write all that differs; its .git stays."""
    entries = repository.entries(commit)
    root = os.fsencode(directory)
    right = _clear(root, entries)
    write_entries(repository, root, {path: entry for path, entry in entries.items() if path not in right})


def _clear(root: bytes, entries: Mapping[bytes, TreeEntry]) -> set[bytes]:
    """Remove what does not belong; return the paths that are right as they are."""
    directories = {b""}
    for path, entry in entries.items():
        above = path if entry.mode == _SUBMODULE else path.rpartition(b"/")[0]
        while above not in directories:
            directories.add(above)
            above = above.rpartition(b"/")[0]
    right: set[bytes] = set()
    waiting = [b""]
    while waiting:
        below = waiting.pop()
        # Whoever took away his own right to look into a directory can be given it back.
        os.chmod(os.path.join(root, below), 0o755)  # noqa: S103 (as git makes them)
        with os.scandir(os.path.join(root, below)) as seen:
            found = list(seen)
        for item in found:
            path = below + b"/" + item.name if below else item.name
            if path in directories and item.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif path in entries and _is_right(item, entries[path]):
                right.add(path)
            elif path != b".git":
                remove_tree(Path(os.fsdecode(item.path)))
    return right


def _is_right(item: os.DirEntry[bytes], entry: TreeEntry) -> bool:
    about = item.stat(follow_symlinks=False)
    algorithm = "sha256" if len(entry.sha) == 64 else "sha1"
    if stat.S_ISLNK(about.st_mode):
        return entry.mode == LINK and hash_link(item.path, algorithm) == entry.sha
    if not stat.S_ISREG(about.st_mode) or about.st_size != entry.size_bytes or about.st_mode & _UNUSUAL_BITS:
        return False
    # A second name for the same bytes would let an edit here change a file elsewhere.
    if about.st_nlink != 1 or entry.mode != ("100755" if about.st_mode & stat.S_IXUSR else "100644"):
        return False
    return hash_file(item.path, about.st_size, algorithm, 0)[0] == entry.sha

"""What a user's repository looks like to the last byte, so that a test can promise that a run leaves it alone."""

import hashlib
import os
import re
import stat
from pathlib import Path

# What a run may add: objects, its own refs with their logs, and git's notes about its own checkout.
OURS = re.compile(r"\.git/((logs/)?refs/(heads/)?kernel-opt(/.*)?|worktrees(/kernel-opt-.*)?|objects(/.*)?)")


def fingerprint(root: Path) -> dict[str, str]:
    """Every path below ``root`` that is not the run's, with its kind, mode, time of change and content."""
    seen: dict[str, str] = {}
    for directory, names, files in os.walk(root):
        for name in [*names, *files]:
            path = Path(directory) / name
            shown = str(path.relative_to(root))
            if not OURS.fullmatch(shown):
                seen[shown] = _look(path)
    return seen


def objects(root: Path) -> set[str]:
    """The files of the object store: a run adds to them and takes none away."""
    store = root / ".git" / "objects"
    return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}


def _look(path: Path) -> str:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return f"link to {path.readlink()}"
    if stat.S_ISDIR(about.st_mode):
        return f"directory {about.st_mode:o}"
    if not stat.S_ISREG(about.st_mode):
        return f"special {about.st_mode:o}"
    return f"{about.st_mode:o} {about.st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"

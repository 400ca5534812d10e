"""Whether a file was read while a command ran: an edit that nothing read was not what was measured."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


def mark_unread(root: Path, files: Sequence[str]) -> None:
    """Set the access time of each file to 1970: the first read moves it, on all but noatime mounts."""
    for name in files:
        path = root / name
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(0, path.stat().st_mtime_ns))


def find_read(root: Path, files: Sequence[str]) -> tuple[str, ...] | None:
    """Return the marked files that were read since; None: this file system does not tell, or none of them is there."""
    there = [name for name in files if (root / name).is_file() and not (root / name).is_symlink()]
    if not there or not _tells(root):
        return None
    return tuple(name for name in there if (root / name).stat().st_atime_ns > 0)


def _tells(root: Path) -> bool:
    """Try it: mark a file of our own, read it, look."""
    with tempfile.NamedTemporaryFile(dir=root, prefix=".kernel-opt-") as file:
        file.write(b"x")
        file.flush()
        probe = Path(file.name)
        os.utime(probe, ns=(0, probe.stat().st_mtime_ns))
        probe.read_bytes()
        return probe.stat().st_atime_ns > 0

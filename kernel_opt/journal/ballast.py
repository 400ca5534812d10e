"""Disk space held back, so that the journal can still say that the disk is full."""

import os
from pathlib import Path

from kernel_opt.model.errors import InfrastructureError

BALLAST_BYTES = 64 * 1024 * 1024
"""Room for some 100,000 records and one report: enough to close a round and to stop in order."""
_NAME = "ballast"


class DiskFullError(InfrastructureError):
    """The file system that holds the journal has no room: free some, or release the ballast."""


def restore_ballast(directory: Path, size_bytes: int = BALLAST_BYTES) -> bool:
    """Hold ``size_bytes`` back; False when the disk has not that much, and then nothing is held."""
    path = directory / _NAME
    if path.exists() and path.stat().st_size >= size_bytes:
        return True
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size_bytes)
        os.fsync(fd)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(fd)
    return True


def release_ballast(directory: Path) -> int:
    """Give the space back; the number of bytes that were held."""
    path = directory / _NAME
    try:
        size_bytes = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size_bytes

"""Writes that are on the disk when they return."""

import os
from pathlib import Path


def write_all(fd: int, content: bytes) -> None:
    """Write every byte: a nearly full disk takes a part and says so only by the count."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` survive a power cut: a file's own fsync does not cover its name."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""What a run left, compared with what its worker says it left: another host wrote it, or somebody has since."""

import hashlib
import time
from pathlib import Path

from kernel_opt.edges.session_records import CollectedFile, RunAnswer

_LATE_S = 10.0
"""Seconds by which a shared file system may show a file later than the answer that names it."""
_NAP_S = 0.05


def find_difference(directory: Path, answer: RunAnswer, late_s: float = _LATE_S) -> str:
    """Name a file that is not what the worker collected; empty when all are."""
    until = time.monotonic() + late_s
    for file in answer.files:
        while (problem := _compare(directory / file.path, file)) and time.monotonic() < until:
            time.sleep(_NAP_S)
        if problem:
            return f"{file.path} {problem}"
    return ""


def _compare(path: Path, file: CollectedFile) -> str:
    """Say how a file differs; its size first, which costs nothing."""
    try:
        found = path.stat().st_size
        if found != file.bytes:
            return f"has {found} bytes, not the {file.bytes} that were collected"
        with path.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if digest == file.sha256 else "is not what was collected: its hash differs"

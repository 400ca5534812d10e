"""Finding a coding agent's program and its version."""

import functools
import os
import re
import shutil
import tempfile
from pathlib import Path

from kernel_opt.edges.agents.order import Version
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.process import run_contained
from kernel_opt.model.errors import InfrastructureError

_VERSION_LIMIT_S = 20.0
"""Seconds: the slowest known takes three, on a machine under load some more."""


def find_program(name: str) -> str | None:
    """Return the path of a program given by path or by name on PATH."""
    return shutil.which(name) if name else None


@functools.cache
def read_version(program: str) -> Version | None:
    """Return what ``program --version`` says; None when it says nothing of the kind or does not start."""
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as folder:
        log = Path(folder) / "log"
        try:
            run_contained(
                (program, "--version"),
                cwd=Path(folder),
                env=child_environment(Path(folder), base={"PATH": os.environ.get("PATH", os.defpath)}),
                log=log,
                timeout_s=_VERSION_LIMIT_S,
            )
            said = log.read_text(encoding="utf-8", errors="replace")
        except (InfrastructureError, OSError):
            return None
    found = re.search(r"\b(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else None


def in_words(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))

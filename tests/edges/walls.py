"""Children in sandboxes, for tests: each level that this machine has, and a folder that is open to the child."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_opt.edges.landlock import read_abi
from kernel_opt.edges.process import Ended, run_contained
from kernel_opt.edges.sandbox_places import hide_homes
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

HAS_S3 = probe_sandbox().level is SandboxLevel.S3
LEVELS = [level for level, works in ((SandboxLevel.S3, HAS_S3), (SandboxLevel.S2, read_abi() > 0)) if works]
"""Those that hold files."""
ALL_LEVELS = [*LEVELS, SandboxLevel.S1]
needs_s3 = pytest.mark.skipif(not HAS_S3, reason="install bubblewrap, and allow user namespaces, to see this")
holding = pytest.mark.parametrize("level", LEVELS, ids=str)
each_level = pytest.mark.parametrize("level", ALL_LEVELS, ids=str)


def open_folder(base: Path, level: SandboxLevel, *places: Place, **more: object) -> Sandbox:
    """Walls in which ``base/open`` can be written, and nothing else of ``base`` is seen."""
    (base / "open").mkdir(exist_ok=True)
    own = (*hide_homes(os.environ), Place(str(base), Access.HIDE), Place(str(base / "open"), Access.WRITE))
    return replace(Sandbox(level=level, places=(*own, *places)), **more)


def run_in(base: Path, walls: Sandbox, *argv: str, **more: object) -> tuple[Ended, str]:
    """Run a command in ``base/open``; return its end and what it printed."""
    settings = {"timeout_s": 60.0, "tick_s": 0.02, "env": {"PATH": os.environ["PATH"]}} | more
    ended = run_contained(argv, cwd=base / "open", log=base / "log", sandbox=walls, **settings)
    return ended, (base / "log").read_text(errors="replace")


def run_python(base: Path, walls: Sandbox, code: str, **more: object) -> tuple[Ended, str]:
    """Run some lines of Python."""
    return run_in(base, walls, sys.executable, "-S", "-c", code, **more)

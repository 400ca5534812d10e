"""Copies of the example with ideas of its playbook applied, and how to run what is in them."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "paged-attention"
PLAYBOOK = EXAMPLE / "playbook"
IDEAS = sorted(path.parent.name for path in PLAYBOOK.glob("*/idea.toml"))

TILES = ("hoist-lookups/change", "fast-flags/change", "vector-tiles/change", "vector-tiles/repair-1")
LADDER = (*TILES, "wide-vectors/change", "share-rows/split", "hoist-reduce-exp/change", "fewer-splits/change")
"""Every step that is expected to make the kernel faster, in an order in which they apply."""


def read_idea(name: str) -> dict[str, Any]:
    """Return one idea of the playbook."""
    return tomllib.loads((PLAYBOOK / name / "idea.toml").read_text())


def copy_example(folder: Path, patches: Sequence[str] = ()) -> Path:
    """Return a fresh copy of the repository with these patches applied, each `idea/file`."""
    copy = folder / "paged-attention"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    subprocess.run(["git", "init", "--quiet", "."], cwd=copy, check=True)
    for patch in patches:
        apply(copy, patch)
    return copy


def apply(copy: Path, patch: str) -> None:
    """Apply one patch exactly, as the daemon would."""
    subprocess.run(["git", "apply", str(PLAYBOOK / f"{patch}.patch")], cwd=copy, check=True)


def run(copy: Path, cache: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run one of the example's programs with its compiled kernels in ``cache``."""
    kept = {"XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, *words]
    return subprocess.run(
        argv, cwd=copy, env={**os.environ, **kept, **environ}, capture_output=True, text=True, check=False
    )


def list_files(copy: Path) -> set[str]:
    """Return every file of a copy but git's own."""
    return {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file() and ".git" not in path.parts}

"""Where a demo lives: a copy of the example as a repository of its own, its settings, and its daemon."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.cli.demo_settings import find_quiet_core, fit_settings, write_settings
from kernel_opt.edges.git import Git
from kernel_opt.edges.places import RunPlace, place_run
from kernel_opt.edges.settings_file import OWN_NAME, read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.edges.tracers.host import find_compiler
from kernel_opt.model.errors import KernelOptError, UsageError

TAG = "demo"
REPOSITORY, SETTINGS = "paged-attention", "demo.toml"
_LEFT_OUT = shutil.ignore_patterns("*.csv", "__pycache__", ".git", "*.so")
_FOR_THE_END = 0.15
"""Share of the time kept for the last measurement, the kernel as found against best."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A demo whose daemon is at work."""

    root: Path
    place: RunPlace


def begin_demo(
    into: Path | None, minutes: float, seed: int, say: Callable[[str], None], example: Path | None = None
) -> Begun:
    """Set a demo up, or go on with the one that is there; its daemon is at work when this returns."""
    let_python_be_found()
    find_compiler(os.environ)  # an error that says what to install, before anything is made
    root = Path(tempfile.mkdtemp(prefix="kernel-opt-demo-")) if into is None else into.expanduser().resolve()
    repository = root / REPOSITORY
    hours = minutes * (1 - _FOR_THE_END) / 60
    is_old = (root / SETTINGS).exists()
    if is_old:
        words = ["--resume"]
        say(f"going on with the demo in {root}")
    else:
        make_repository(root, example or shipped("examples/paged-attention"))
        settings = read_settings(repository / OWN_NAME)
        quiet = find_quiet_core(settings, minutes, say)
        write_settings(root / SETTINGS, fit_settings(settings, minutes, seed, is_quiet=quiet))
        words = ["--config", str(root / SETTINGS)]
    start(repository, [*words, "--max-hours", f"{hours:.6f}"])
    place = place_run(str(repository), TAG, str(root / f"kernel-opt-{TAG}"))
    say(f"repository {repository}, worktree {place.worktree}, state {place.directory}")
    return Begun(root, place)


def make_repository(root: Path, example: Path) -> None:
    """Copy the example and commit it."""
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty and holds no demo", "name another folder with --into")
    root.mkdir(parents=True, exist_ok=True)
    repository = root / REPOSITORY
    shutil.copytree(example, repository, ignore=_LEFT_OUT)
    git = Git(repository)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all")
    git.run("commit", "--quiet", "--message", "Paged-attention decode as a textbook has it")


def start(repository: Path, words: list[str]) -> None:
    """Start the daemon as anybody does, by `kernel-opt start`."""
    argv = [sys.executable, "-m", "kernel_opt.cli.main", "start", "--tag", TAG, "--repo", str(repository), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().removeprefix("kernel-opt: ") or "`kernel-opt start` failed"
        raise KernelOptError(said)


def let_python_be_found() -> None:
    """Put our own interpreter first on PATH: the benchmark's ``python`` needs the numpy that came with us."""
    folder = Path(sys.executable).parent
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
    if shutil.which("python") is None:
        raise UsageError("there is no `python` on PATH", "install kernel-opt in a virtual environment: it has one")

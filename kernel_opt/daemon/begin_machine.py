"""What a run needs of the machine: refused here, before anything is made."""

import shutil
from collections.abc import Callable
from pathlib import Path

from kernel_opt.daemon.begin_cluster import refuse_unfit_cluster
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.files import filesystem_kind, free_bytes
from kernel_opt.edges.git_refs import read_ref
from kernel_opt.edges.pins import pin_inputs
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import require_level
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.errors import UsageError
from kernel_opt.model.sandbox import SandboxLevel
from kernel_opt.model.settings import Settings


def refuse_unfit_place(repository: Repository, worktree: Path) -> None:
    """Refuse when the run's branch or worktree could not be made."""
    if read_ref(repository, "refs/heads/kernel-opt") is not None:
        mend = "rename it: git cannot hold kernel-opt/TAG beside it"
        raise UsageError("the repository has a branch named kernel-opt", mend)
    try:
        worktree.mkdir()
        worktree.rmdir()
    except OSError as error:
        why = f"the worktree {worktree} cannot be made: {error.strerror}"
        raise UsageError(why, f"make {worktree.parent} writable, or move the repository") from error


def refuse_unfit_machine(settings: Settings, repository: Path) -> None:
    """Refuse when what the run needs is not on this machine."""
    refuse_missing_programs(settings)
    refuse_unfit_cluster(settings)
    if settings.sandbox.require is not SandboxLevel.S1:
        require_level(settings.sandbox, probe_sandbox())
    pin_inputs(repository, settings.tree.inputs)
    problem = choose_proposer(settings, repository).find_problem()
    if problem is not None:
        raise UsageError(f"the proposer {settings.agent.name!r} cannot be used: {problem}", "see `kernel-opt doctor`")


def refuse_missing_programs(settings: Settings) -> None:
    """Refuse when a program that measuring needs is not there."""
    if settings.executor.kind != "local":
        return  # they are needed where the cards are, and looked for there
    for program in open_kit(settings.platform).programs:
        if shutil.which(program) is None:
            mend = 'install ROCm\'s tools or add their folder to PATH; without a GPU there is platform.name = "host"'
            raise UsageError(f"{program} is not on PATH", mend)


def make_state_folder(
    place: RunPlace,
    settings: Settings,
    *,
    force: bool,
    kind_of: Callable[[Path], str | None] = filesystem_kind,
) -> None:
    """Make the run's state directory where a journal is safe."""
    folder = Path(place.directory)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        mend = "set KERNEL_OPT_STATE to a directory of yours on a local disk"
        raise UsageError(f"the state directory {folder} cannot be made: {error.strerror}", mend) from error
    kind = kind_of(folder)
    if kind is not None and not force:
        folder.rmdir()
        mend = "set KERNEL_OPT_STATE to a local disk, or insist with --force-network-fs"
        raise UsageError(
            f"the state directory {folder} is on {kind}, a network file system: locks may not hold there", mend
        )
    free_mb = free_bytes(folder) / 1e6
    if free_mb < settings.disk.min_free_mb:
        folder.rmdir()
        wanted = f"{settings.disk.min_free_mb:.0f} MB are wanted (disk.min_free_mb)"
        raise UsageError(f"{free_mb:.0f} MB are free at {folder}; {wanted}", "make room or set KERNEL_OPT_STATE")

"""The executor that the settings name, and where the rounds' folders are kept for it."""

from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.executors.executor import Executor
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.executors.slurm_note import QueueNote
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.settings import Settings

ROUNDS, OWN = "rounds", "kernel-opt"


def make_executor(settings: Settings, place: RunPlace, tell: Callable[[str], object] = lambda _: None) -> Executor:
    """Return the executor of a run, and see that what its workers need lies where they can see it."""
    if settings.executor.kind == "local":
        return LocalExecutor(tell=tell)
    folder = shared_folder(settings, place)
    _lead_rounds(Path(place.directory), folder)
    return SlurmExecutor(settings.slurm, folder, tell, QueueNote(Path(place.directory)))


def shared_folder(settings: Settings, place: RunPlace) -> Path:
    """Return the folder of a run on the shared file system, by repository and tag as its state directory is."""
    directory = Path(place.directory)
    return Path(settings.slurm.shared_dir).resolve() / OWN / directory.parent.name / directory.name


def _lead_rounds(directory: Path, folder: Path) -> None:
    """Let the rounds lie in the shared folder; the journal stays in the state directory, on a local disk."""
    link, target = directory / ROUNDS, folder / ROUNDS
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if link.is_symlink() and link.resolve() == target:
            return
        link.symlink_to(target)
    except OSError as error:
        mend = "see slurm.shared_dir; it must be a folder of yours that all nodes see"
        raise InfrastructureError(f"the rounds cannot be kept in {target}: {error.strerror}", mend) from error


def find_shared(directory: Path) -> Path | None:
    """Return what a run keeps outside its state directory; None where it keeps nothing.

    A link of the user's own making leads to a folder of theirs, which is not ours to remove.
    """
    link = directory / ROUNDS
    folder = link.resolve().parent
    is_ours = folder.parts[-3:] == (OWN, directory.parent.name, directory.name)
    return folder if link.is_symlink() and is_ours else None

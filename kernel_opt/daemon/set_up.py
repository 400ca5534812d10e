"""What a run's first life makes, and each later one finds: journal, branch, worktree, and the first fact."""

from pathlib import Path

from kernel_opt import __version__
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.plan import Plan
from kernel_opt.edges.machine import describe_machine
from kernel_opt.edges.pins import pin_inputs
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import RunTree, create_run_tree
from kernel_opt.journal.store import Store
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import RunStarted
from kernel_opt.model.settings import Settings


def open_store(folder: Path) -> Store:
    """Open the run's journal, made if this is its first day."""
    has_one = any((folder / name).exists() for name in ("journal.db", "journal.jsonl"))
    return Store.open(folder) if has_one else Store.create(folder)


def fill_up_copy(place: RunPlace) -> None:
    """Fill up the second copy of an ended run's journal: a crash at the very last fact leaves it one behind."""
    lock = RunLock(Path(place.lock), place.tag)
    try:
        open_store(Path(place.directory)).close()
    finally:
        lock.release()


def make_tree(folder: Path, repository: Repository, plan: Plan, *, is_new: bool) -> RunTree:
    """Make or heal branch and worktree; the mark goes first: after a crash in between they count as ours."""
    mark = folder / "tree-made"
    is_ours = not is_new or mark.exists()
    mark.touch()
    try:
        return create_run_tree(repository, plan.tag, plan.base, resuming=is_ours)
    except UsageError:
        if not is_ours:
            mark.unlink()  # refused: what is there is somebody else's
        raise


def run_started(plan: Plan, tree: RunTree, settings: Settings) -> RunStarted:
    """Tell what the run was begun with."""
    return RunStarted(
        tag=plan.tag,
        base=plan.base,
        repository=plan.repository,
        worktree=str(tree.path),
        branch=tree.branch.removeprefix("refs/heads/"),
        settings=plan.settings,
        settings_source=plan.settings_source,
        version=__version__,
        environment=describe_machine(plan.environment),
        pins=pin_inputs(Path(plan.repository), settings.tree.inputs),
    )

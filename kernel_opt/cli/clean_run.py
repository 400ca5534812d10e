"""What a run leaves on disk and in its repository: found, told, removed."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.cli.runs import find_run
from kernel_opt.daemon.asking import is_stopped
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.plan import read_plan
from kernel_opt.daemon.resume import end_old_sessions
from kernel_opt.edges.executors.choose import find_shared, make_executor
from kernel_opt.edges.executors.executor import Executor
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.git_refs import branch_ref, check_tag, hidden_refs, read_ref
from kernel_opt.edges.log import open_log
from kernel_opt.edges.places import RunPlace, list_runs, place_run
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.edges.worktree import lanes_folder, remove_run_tree
from kernel_opt.model.errors import KernelOptError, ReadFailedError


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of one run."""

    place: RunPlace
    repository: Repository | None
    """None: the repository itself is gone."""

    @property
    def has_state(self) -> bool:
        """Say whether the run's state directory is there."""
        return Path(self.place.directory).exists()

    @property
    def has_worktree(self) -> bool:
        """Say whether something stands where its worktree belongs, or the worktrees of its lanes."""
        lanes = lanes_folder(Path(self.place.worktree))
        return os.path.lexists(self.place.worktree) or os.path.lexists(lanes)

    @property
    def refs(self) -> tuple[str, ...]:
        """Return the run's branch and hidden refs."""
        if self.repository is None:
            return ()
        branch = branch_ref(self.place.tag)
        own = [branch] if read_ref(self.repository, branch) else []
        return (*own, *hidden_refs(self.repository, self.place.tag))

    @property
    def is_nothing(self) -> bool:
        """Say whether all of it is gone already."""
        return not (self.has_state or self.has_worktree or self.refs)

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep every daemon off the run; an error when one carries it out."""
        if not self.has_state:
            yield
            return
        lock = RunLock(Path(self.place.lock), self.place.tag)
        try:
            yield
        finally:
            lock.release()

    def tell(self) -> list[str]:
        """Say what will go."""
        lines = [f"run {self.place.tag} of {self.place.repository}{self._say_end()}:"]
        if self.has_worktree:
            lines.append(f"  worktree {self.place.worktree}")
        branch = branch_ref(self.place.tag)
        refs = self.refs
        if self.repository is not None and branch in refs:
            lines.append(f"  branch kernel-opt/{self.place.tag}{_say_unmerged(self.repository, branch)}")
        hidden = [ref for ref in refs if ref != branch]
        if hidden:
            lines.append(f"  {len(hidden)} hidden refs refs/kernel-opt/{self.place.tag}/*")
        if self.has_state:
            lines.append(f"  state {self.place.directory} (journal, logs, traces, round folders)")
        return lines

    def remove(self) -> None:
        """Remove all of it; the state goes last, so that a removal cut off can be found and done again."""
        if self.has_state:
            # We hold the run's lock, which an old worker would take for a living daemon.
            end_old_sessions(self._open_executor(), Path(self.place.directory), open_log(None, console=True))
        if self.repository is not None:
            remove_run_tree(self.repository, self.place.tag)
        remove_tree(Path(self.place.worktree))
        remove_tree(lanes_folder(Path(self.place.worktree)))
        if shared := find_shared(Path(self.place.directory)):
            remove_tree(shared)
        remove_tree(Path(self.place.directory))

    def _open_executor(self) -> Executor:
        """Return who carried out the run's sessions; where that cannot be read any more, this host."""
        try:
            plan = read_plan(Path(self.place.directory))
            return make_executor(settings_from(plan.settings, plan.settings_source), self.place)
        except KernelOptError:
            return LocalExecutor()

    def _say_end(self) -> str:
        if not self.has_state:
            return ""
        try:
            return "" if is_stopped(self.place) else ", which did not stop in order"
        except ReadFailedError:
            return ", whose journal cannot be read"


def find_remains(tag: str, repo: str | None) -> Remains:
    """Find what is left of a run, also when its state, or its repository, is gone."""
    check_tag(tag)
    if any(place.tag == tag for place in list_runs()):
        place = find_run(tag, repo)
        return Remains(place, _find_repository(Path(place.repository)))
    repository = Repository.find(Path(repo or Path.cwd()).resolve())
    root = repository.root
    return Remains(place_run(str(root), tag, str(root.parent / f"kernel-opt-{tag}")), repository)


def _find_repository(path: Path) -> Repository | None:
    if not path.exists():
        return None
    try:
        return Repository.find(path)
    except KernelOptError as error:
        mend = "mend it, or remove the whole directory; then clean again"
        raise KernelOptError(f"the run's repository cannot be used: {error.message}", mend) from error


def _say_unmerged(repository: Repository, branch: str) -> str:
    """Count the commits that only this branch has."""
    others = ("--exclude", branch.removeprefix("refs/heads/"), "--branches", "--remotes", "--tags")
    count = int(repository.git.line("rev-list", "--count", branch, "--not", *others))
    return f" with {count} commits that are on no other branch" if count else ", all of it on other branches too"

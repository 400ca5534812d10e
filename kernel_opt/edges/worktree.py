"""The run's own checkout, beside the user's: made, put back, healed and removed."""

from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.git_refs import (
    ForeignChangeError,
    branch_ref,
    check_tag,
    delete_refs,
    move_ref,
    other_checkouts,
    read_ref,
    remove_stale_locks,
)
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.tree_restore import restore_files
from kernel_opt.edges.worktree_link import find_admin, heal_link
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class RunTree:
    """The checkout of one run."""

    repository: Repository
    tag: str
    lane: int = 0
    """Which of the checkouts for rounds that are open at once; 0: the run's own, which shows best."""

    @property
    def path(self) -> Path:
        """Where the checkout lies."""
        own = self.repository.root.parent / f"kernel-opt-{self.tag}"
        return lanes_folder(own) / str(self.lane) if self.lane else own

    def head(self, commit: str) -> str:
        """Return what its HEAD says: git lets one checkout at a time have the branch."""
        return f"{commit}\n" if self.lane else f"ref: {self.branch}\n"

    @property
    def branch(self) -> str:
        """The full name of the run's branch."""
        return branch_ref(self.tag)


def lanes_folder(worktree: Path) -> Path:
    """Return where the checkouts of a run's lanes lie: beside its own."""
    return worktree.with_name(f"{worktree.name}.lanes")


def create_run_tree(repository: Repository, tag: str, base: str, *, resuming: bool = False) -> RunTree:
    """Make branch and checkout at ``base``; ``resuming`` says that what is there already is this run's own."""
    tree = RunTree(repository, check_tag(tag))
    _refuse_prefix_branch(repository)
    there = read_ref(repository, tree.branch)
    if not resuming:
        mend = f"take another tag, or go on with `kernel-opt start --tag {tag} --resume`"
        if there is not None:
            raise UsageError(f"the branch kernel-opt/{tag} exists already", mend)
        if tree.path.exists() or tree.path.is_symlink():
            raise UsageError(f"{tree.path} exists already", mend)
    _try_parent(tree)
    if there is None:
        move_ref(repository, tree.branch, base, None)
    failpoint("run_tree.before")
    put_back(tree, there or base)
    failpoint("run_tree.after")
    return tree


def advance_branch(tree: RunTree, new: str, old: str) -> None:
    """Move the run's branch to a kept commit; the files follow with `put_back`."""
    others = other_checkouts(tree.repository, tree.branch, find_admin(tree.repository, tree.path))
    if others:
        what = f"kernel-opt/{tree.tag} is checked out in {others[0]} too"
        raise ForeignChangeError(what, "switch that checkout to another branch, then resume")
    move_ref(tree.repository, tree.branch, new, old)


def put_back(tree: RunTree, commit: str) -> None:
    """Make the checkout byte for byte that of ``commit``, whatever happened to it; nothing else stays in it."""
    failpoint("put_back.before")
    admin = heal_link(tree.repository, tree.path, commit, tree.head(commit))
    restore_files(tree.repository, tree.path, commit)
    # Without --refresh: that would run the user's filters; the next `git status` does it for whoever asks.
    tree.repository.git.run("read-tree", commit, environ={"GIT_INDEX_FILE": str(admin / "index")})
    failpoint("put_back.after")


def remove_run_tree(repository: Repository, tag: str) -> None:
    """Remove checkout, branch and hidden refs of a finished run; doing it twice is fine."""
    tree = RunTree(repository, check_tag(tag))
    admin = find_admin(repository, tree.path)
    others = other_checkouts(repository, tree.branch, admin)
    if others:
        raise UsageError(f"kernel-opt/{tag} is checked out in {others[0]}", "switch that checkout to another branch")
    remove_lanes(tree)
    remove_tree(tree.path)
    if admin is not None:
        # Only this one: `git worktree prune` would drop the user's own missing checkouts too.
        remove_tree(admin)
    remove_stale_locks(repository, tag)
    delete_refs(repository, tag)


def remove_lanes(tree: RunTree) -> None:
    """Remove the checkouts of a run's lanes: nothing in them outlives its round."""
    folder = lanes_folder(tree.path)
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        admin = find_admin(tree.repository, path)
        remove_tree(path)
        if admin is not None:
            remove_tree(admin)
    remove_tree(folder)


def _refuse_prefix_branch(repository: Repository) -> None:
    if read_ref(repository, "refs/heads/kernel-opt") is not None:
        mend = "rename it: git cannot hold kernel-opt/TAG beside it"
        raise UsageError("the repository has a branch named kernel-opt", mend)


def _try_parent(tree: RunTree) -> None:
    if tree.path.is_dir():
        return
    try:
        tree.path.mkdir()
        tree.path.rmdir()
    except OSError as error:
        why = f"the worktree {tree.path} cannot be made: {error.strerror}"
        raise UsageError(why, f"make {tree.path.parent} writable, or move the repository") from error

"""The link between a checkout and its repository: found, and made again when somebody broke it."""

import os
from pathlib import Path

from kernel_opt.edges.files import atomic_write, remove_tree
from kernel_opt.edges.repository import Repository

# What an interrupted git of the proposer may leave in the checkout's own part of the repository.
_LOCKS = ("index.lock", "HEAD.lock")
_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


def find_admin(repository: Repository, path: Path) -> Path | None:
    """Find the checkout's own part of the repository by what git wrote there, not by what stands in the checkout."""
    for note in sorted((repository.common_dir / "worktrees").glob("*/gitdir")):
        if note.read_text(errors="surrogateescape").strip() == str(path / ".git"):
            return note.parent
    return None


def heal_link(repository: Repository, path: Path, commit: str, head: str) -> Path:
    """Return the checkout's part of the repository, with both ends of the link as git makes them, and no lock left.

    Its HEAD says ``head``; where git has to make the checkout first, it is made at ``commit``.
    """
    admin = find_admin(repository, path)
    if admin is None:
        admin = _add(repository, path, commit)
    if path.is_symlink() or not path.is_dir():
        remove_tree(path)
        path.mkdir(parents=True)
    for name in (*_LOCKS, *_UNFINISHED):
        remove_tree(admin / name)
    _rewrite(admin / "HEAD", head)
    # A git killed while it made the checkout leaves this empty.
    _rewrite(admin / "commondir", "../..\n")
    # Locked, so that no prune drops it while the directory is out of sight.
    (admin / "locked").touch()
    _rewrite(path / ".git", f"gitdir: {admin}\n")
    return admin


def _add(repository: Repository, path: Path, commit: str) -> Path:
    remove_tree(path)
    leftover = repository.common_dir / "worktrees" / path.name
    note = leftover / "gitdir"
    # A git killed very early leaves a part that points nowhere. One that points elsewhere is the user's.
    if not note.exists() or not note.read_bytes().strip():
        remove_tree(leftover)
    # Forced: what is registered for this path, or has this branch, is this run's own broken checkout.
    options = ("--force", "--force", "--no-checkout", "--lock", "--quiet", "--detach")
    repository.git.run("worktree", "add", *options, str(path), commit)
    return Path((path / ".git").read_text(errors="surrogateescape").removeprefix("gitdir: ").rstrip("\n"))


def _rewrite(path: Path, text: str) -> None:
    wanted = os.fsencode(text)
    if path.is_symlink() or not path.is_file() or path.read_bytes() != wanted:
        remove_tree(path)
        atomic_write(path, wanted)

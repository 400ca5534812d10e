"""A clean series of commits beside the user's checkout: a new branch or a folder of patches, whole or not at all."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.git_refs import read_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import UsageError

_BRANCH_MEND = "name another with --branch"
_PATCHES_MEND = "name a new folder with --patches"


@dataclass(frozen=True, slots=True)
class Planned:
    """A commit to be made."""

    tree: str
    message: str
    at_s: float


def tree_without(repository: Repository, commit: str, base: str, paths: Sequence[str]) -> str:
    """Return the tree of ``commit`` with ``paths`` as they are in ``base``, or gone."""
    git, before = repository.git, repository.entries(base)
    lines: list[bytes] = []
    for path in map(os.fsencode, paths):
        was = before.get(path)
        mode, sha = (was.mode, was.sha) if was else ("0", "0" * len(base))
        lines.append(b"%b %b\t%b\0" % (mode.encode(), sha.encode(), path))
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as scratch:
        environ = {"GIT_INDEX_FILE": f"{scratch}/index"}
        git.run("read-tree", commit, environ=environ)
        git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), environ=environ)
        return git.line("write-tree", environ=environ)


def commit_series(repository: Repository, base: str, planned: Sequence[Planned]) -> tuple[str, ...]:
    """Write the commits one on the other; nothing points to them yet."""
    commits: list[str] = []
    for one in planned:
        parent = commits[-1] if commits else base
        commits.append(repository.commit_tree(one.tree, parent, one.message, one.at_s))
    return tuple(commits)


def check_branch(repository: Repository, name: str) -> str:
    """Return the full name of a branch that may be made, or is there; refuse a name that git cannot hold."""
    ref = f"refs/heads/{name}"
    if name.startswith("-") or repository.git.ask("check-ref-format", ref).code != 0:
        raise UsageError(f"{name!r} cannot name a branch", _BRANCH_MEND)
    parts = name.split("/")
    above = ["/".join(parts[:number]) for number in range(1, len(parts))]
    taken = [one for one in above if read_ref(repository, f"refs/heads/{one}")]
    below = repository.git.line("for-each-ref", "--count=1", "--format=%(refname:lstrip=2)", f"{ref}/")
    if taken or below:
        raise UsageError(f"git cannot hold a branch {name} beside {taken[0] if taken else below}", _BRANCH_MEND)
    return ref


def read_series(repository: Repository, base: str, ref: str) -> tuple[tuple[str, str], ...] | None:
    """Return commit and tree of each step from ``base`` to ``ref``; None when there is no such straight line."""
    if read_ref(repository, ref) is None:
        return None
    walked = repository.git.line("rev-list", "--reverse", "--parents", f"{base}..{ref}").splitlines()
    commits, parent = list[str](), base
    for line in walked:
        commit, *parents = line.split()
        if parents != [parent]:
            return None
        commits.append(commit)
        parent = commit
    return tuple((one, repository.git.line("rev-parse", f"{one}^{{tree}}")) for one in commits)


def create_branch(repository: Repository, ref: str, tip: str) -> None:
    """Make a branch that is not there; one that somebody made meanwhile is left as it is."""
    none = "0" * len(tip)
    answer = repository.git.ask(
        "update-ref", "--no-deref", "--create-reflog", "-m", "kernel-opt finish", ref, tip, none
    )
    if answer.code == 0:
        return
    refuse_branch(repository, ref)
    raise repository.git.failed("update-ref", answer.err)


def refuse_branch(repository: Repository, ref: str) -> None:
    """Refuse a branch that is there."""
    if read_ref(repository, ref) is not None:
        raise UsageError(f"the branch {ref.removeprefix('refs/heads/')} exists and holds something else", _BRANCH_MEND)


def refuse_folder(folder: Path) -> None:
    """Refuse a place where patches would lie among other files, or cannot be written."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise UsageError(f"{folder} exists and is no empty folder", _PATCHES_MEND)
    if not folder.parent.is_dir() or not os.access(folder.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{folder.parent} is no folder that can be written to", _PATCHES_MEND)


def write_patches(repository: Repository, base: str, tip: str, folder: Path, texts: Mapping[str, str]) -> None:
    """Write one patch for each commit, and ``texts`` beside them; the folder is there when all of it is."""
    refuse_folder(folder)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name[:80]}-", dir=folder.parent))
    try:
        # Settings of the repository may ask for patches that nobody can apply: what matters is said here.
        same = ("-U3", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short")
        whole = ("--full-index", "--binary", "--zero-commit", "--no-renames", "--no-ext-diff", "--no-textconv")
        plain = ("--no-attach", "--no-thread", "--no-cover-letter", "--no-signature", "--no-numbered")
        repository.git.run("format-patch", "-o", str(scratch), *same, *whole, *plain, f"{base}..{tip}")
        for name, text in texts.items():
            (scratch / name).write_text(text, encoding="utf-8")
        scratch.chmod(0o755)
        try:
            scratch.rename(folder)
        except OSError as error:
            refuse_folder(folder)
            raise UsageError(f"{folder} cannot be made: {error.strerror}", _PATCHES_MEND) from error
    finally:
        remove_tree(scratch)

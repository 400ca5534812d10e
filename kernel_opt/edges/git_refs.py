"""Refs of a run: moved only from what we know to what we want, never over somebody else's change."""

import re
import time
from contextlib import suppress
from pathlib import Path

from kernel_opt.edges.repository import Repository
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.model.errors import KernelOptError, UsageError

PACKED_LOCK_AGE_S = 600.0
"""packed-refs.lock may be the user's: a lock this old that no process has open belongs to a process that died."""
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_TAG_CHARS = 80
"""A tag is part of a directory's name, of a ref's and of a lock file's."""


class ForeignChangeError(KernelOptError):
    """A ref of ours was moved by somebody else; it is left as it is."""


def check_tag(tag: str) -> str:
    """Return ``tag`` if it can stand in a ref and in a path."""
    if not _TAG.fullmatch(tag) or len(tag) > _TAG_CHARS or tag.endswith(".lock"):
        mend = f"use up to {_TAG_CHARS} letters, digits, '-', '_' and single dots inside, such as apr16-pa"
        raise UsageError(f"the tag {tag!r} cannot name a branch and a directory", mend)
    return tag


def branch_ref(tag: str) -> str:
    """Return the full name of the run's branch."""
    return f"refs/heads/kernel-opt/{check_tag(tag)}"


def best_ref(tag: str) -> str:
    """Return the hidden ref of the run's best."""
    return f"refs/kernel-opt/{check_tag(tag)}/best"


def round_ref(tag: str, number: int) -> str:
    """Return the hidden ref that keeps the candidate of a round, so that it can be looked at or revived."""
    return f"refs/kernel-opt/{check_tag(tag)}/round-{number}"


def read_ref(repository: Repository, ref: str) -> str | None:
    """Return the SHA that ``ref`` points at; None when it is not there."""
    asked = repository.git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", ref)
    return asked.out.decode().strip() if asked.code == 0 else None


def move_ref(repository: Repository, ref: str, new: str, old: str | None) -> None:
    """Move ``ref`` from ``old`` (None: not there yet) to ``new``; already there is fine, anything else is foreign."""
    failpoint("move_ref.before")
    found, why = _compare_and_swap(repository, ref, new, old)
    lock = repository.common_dir / f"{ref}.lock"
    if found == old != new and lock.exists():
        # The only writer of this ref is us, and our last git has ended: a lock on it is a dead one's.
        lock.unlink(missing_ok=True)
        found, why = _compare_and_swap(repository, ref, new, old)
    if found not in (new, old):
        raise _foreign(ref, found, old)
    if found != new:
        raise repository.git.failed("update-ref", why)
    failpoint("move_ref.after")


def _compare_and_swap(repository: Repository, ref: str, new: str, old: str | None) -> tuple[str | None, str]:
    was = old or "0" * len(new)
    answer = repository.git.ask("update-ref", "--no-deref", "--create-reflog", "-m", "kernel-opt", ref, new, was)
    return (new, "") if answer.code == 0 else (read_ref(repository, ref), answer.err)


def delete_refs(repository: Repository, tag: str) -> None:
    """Remove the run's branch and all of its hidden refs."""
    names = [branch_ref(tag), *hidden_refs(repository, tag)]
    wish = "".join(f"delete {name}\n" for name in names if read_ref(repository, name))
    repository.git.run("update-ref", "--no-deref", "--stdin", stdin=wish.encode())


def hidden_refs(repository: Repository, tag: str) -> list[str]:
    """Return the names of the run's hidden refs."""
    found = repository.git.line("for-each-ref", "--format=%(refname)", f"refs/kernel-opt/{check_tag(tag)}/")
    return found.split()


def other_checkouts(repository: Repository, branch: str, ours: Path | None) -> list[Path]:
    """Return the git directories of checkouts, other than ``ours``, that have ``branch`` checked out."""
    places = [repository.common_dir, *sorted((repository.common_dir / "worktrees").glob("*"))]
    found: list[Path] = []
    for place in places:
        with suppress(OSError):
            if place != ours and (place / "HEAD").read_text(errors="replace").strip() == f"ref: {branch}":
                found.append(place)
    return found


def remove_stale_locks(repository: Repository, tag: str) -> list[Path]:
    """Remove the locks that a killed git of this run left; call it holding the run's lock, with no child alive."""
    common = repository.common_dir
    locks = [common / f"{branch_ref(tag)}.lock", *(common / "refs/kernel-opt" / tag).rglob("*.lock")]
    packed = common / "packed-refs.lock"
    with suppress(FileNotFoundError):
        # The age is told by the file system's clock, which is the wall clock.
        if time.time() - packed.stat().st_mtime > PACKED_LOCK_AGE_S and not _is_open(packed):
            locks.append(packed)
    gone = [lock for lock in locks if lock.exists()]
    for lock in gone:
        lock.unlink(missing_ok=True)
    return gone


def _is_open(path: Path) -> bool:
    about = path.stat()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            seen = link.stat()
            if (seen.st_dev, seen.st_ino) == (about.st_dev, about.st_ino):
                return True
    return False


def _foreign(ref: str, found: str | None, old: str | None) -> ForeignChangeError:
    name = ref.removeprefix("refs/heads/")
    what = f"somebody else moved {name}: it is {found or 'gone'}, the run left it at {old or 'not there'}"
    undo = f"git update-ref {ref} {old}" if old else f"git update-ref -d {ref}"
    return ForeignChangeError(what, f"keep what you need of it under another name, undo it by `{undo}`, then resume")

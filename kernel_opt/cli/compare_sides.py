"""What a person means by A and B: a commit, or the files of the checkout as they are."""

import os

from kernel_opt.edges.edits import FILE_CAP_BYTES, TOTAL_CAP_BYTES, capture_edit
from kernel_opt.edges.git import Git
from kernel_opt.edges.repository import Repository
from kernel_opt.model.comparison import Side
from kernel_opt.model.edit import ChangeKind, Edit
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings

CHECKOUT = "."
_PLAIN_MODES = frozenset({"100644", "100755"})


def find_side(repository: Repository, name: str, settings: Settings) -> Side:
    """Return what is meant; refuse what has no benchmark to run."""
    if name == CHECKOUT:
        side = Side(name="the checkout", commit=_capture(repository, settings))
    else:
        # Asked of the checkout one stands in: its HEAD may be another than the repository's.
        asked = Git(repository.root).ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if asked.code != 0:
            raise UsageError(f"{name} is no commit of {repository.root}", "name a commit, a branch or a tag")
        commit = asked.out.decode().strip()
        side = Side(name=commit[:12] if name == commit else name, commit=commit)
    if not repository.exists_at(side.commit, settings.benchmark.file):
        mend = "it can only be compared with what has the benchmark; another is named with --config"
        raise UsageError(f"the benchmark {settings.benchmark.file} is not in {side.name}", mend)
    return side


def _capture(repository: Repository, settings: Settings) -> str:
    """Store the checkout's files as a tree that nothing points to; what git ignores is no part of it."""
    git = Git(repository.root)
    ignored = git.run("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    names = [os.fsdecode(name).rstrip("/") for name in ignored.split(b"\0") if name]
    globs = [_escape(name) for name in names]
    edit = capture_edit(repository, repository.root, repository.head_commit(), ignore=[*globs, settings.benchmark.csv])
    _refuse_half(edit)
    return edit.tree


def _escape(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _refuse_half(edit: Edit) -> None:
    """Refuse a checkout of which a part cannot be taken along: what is measured must be what is there."""
    kept = [change for change in edit.changes if change.kind is not ChangeKind.DELETED]
    odd = [change.path for change in kept if change.mode not in _PLAIN_MODES or change.size_bytes > FILE_CAP_BYTES]
    if odd or sum(change.size_bytes for change in kept) > TOTAL_CAP_BYTES:
        what = f"uncommitted files are links or too large to be taken along: {', '.join(odd[:5]) or 'all together'}"
        raise UsageError(what, "commit them, or have git ignore them")

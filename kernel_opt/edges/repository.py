"""The user's repository: found, looked at, and given commits; its checkout is never touched."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Self

from kernel_opt.edges.git import Git
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.model.errors import ReadFailedError, UsageError

_UNFINISHED = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
_FULL_NAME = re.compile("[0-9a-f]{40,64}")
CUT_MARK = "\n[... the rest of the diff is left out ...]\n"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a commit."""

    mode: str
    sha: str
    size_bytes: int
    """0 for a submodule."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the repository lies."""

    root: Path
    """The user's checkout."""
    git_dir: Path
    """What that checkout has for itself: its HEAD and index."""
    common_dir: Path
    """What all checkouts of the repository share: objects, refs, settings."""

    @classmethod
    def find(cls, path: Path) -> Self:
        """Find the repository that ``path`` is in; refuse one on which no run can be based."""
        git = Git(path)
        asked = git.ask("rev-parse", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir")
        if asked.code != 0:
            raise UsageError(f"{path} is not in a git repository", "go to one, or name one with --repo")
        bare, git_dir, common = os.fsdecode(asked.out).splitlines()
        top = git.ask("rev-parse", "--show-toplevel")
        if bare == "true" or top.code != 0:
            raise UsageError(f"{path} is a bare repository", "use a clone of it that has its files checked out")
        # git says the common directory relative to where it was asked.
        root = Path(os.fsdecode(top.out).rstrip("\n"))
        found = cls(root, Path(git_dir), (path / common).resolve())
        found.head_commit()
        for name, what in _UNFINISHED.items():
            if (found.git_dir / name).exists():
                raise UsageError(f"a {what} is going on in {root}", f"finish it, or `git {what} --abort`, then start")
        return found

    @property
    def git(self) -> Git:
        """Calls that see the shared part only, whatever lies in any checkout."""
        return Git(self.common_dir, self.common_dir)

    def head_commit(self) -> str:
        """Return the full SHA that the user's checkout is at."""
        asked = Git(self.root).ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if asked.code != 0:
            raise UsageError(f"{self.root} has no commit yet", "commit the code that is to be tuned, then start")
        return asked.out.decode().strip()

    def is_dirty(self) -> bool:
        """Tell, for the log, whether the user seems to have uncommitted work; no filter is run to be sure."""
        git = Git(self.root)
        # A file as young as the index is compared by content, and that would go through the user's filters.
        names = os.fsdecode(git.ask("config", "--name-only", "--get-regexp", r"^filter\.").out).splitlines()
        off = [part for name in names for part in ("-c", f"{name}=false" if name.endswith("required") else f"{name}=")]
        changed = git.ask(*off, "diff-index", "--raw", "--ignore-submodules=all", "HEAD", "--").out
        return bool(changed or git.ask("ls-files", "--others", "--exclude-standard", "--directory").out)

    def commit_of(self, name: str) -> str | None:
        """Return the full SHA of the commit that ``name`` stands for; None when there is none."""
        asked = self.git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return asked.out.decode().strip() if asked.code == 0 else None

    def exists_at(self, commit: str, path: str) -> bool:
        """Tell whether ``commit`` has ``path``."""
        return self.git.ask("cat-file", "-e", f"{commit}:{path}").code == 0

    def read_at(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of ``path`` in ``commit``; None when it is no file there."""
        answer = self.git.ask("cat-file", "blob", f"{commit}:{path}")
        return answer.out if answer.code == 0 else None

    def entries(self, tree: str) -> Mapping[bytes, TreeEntry]:
        """Return every path of a tree or commit, submodules among them."""
        # A full name always means the same bytes, and a round asks for the same few commits again and again.
        return _remember_entries(self.git, tree) if _FULL_NAME.fullmatch(tree) else _list_entries(self.git, tree)

    def commit_tree(self, tree: str, parent: str, message: str, at_s: float) -> str:
        """Make a commit of ``tree``; the same arguments give the same SHA, so doing it twice is doing it once."""
        failpoint("commit_tree.before")
        date = f"@{int(at_s)} +0000"
        environ = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        said = message.encode(errors="backslashreplace").replace(b"\0", b"")
        sha = self.git.line("commit-tree", "-p", parent, "-F", "-", tree, stdin=said, environ=environ)
        failpoint("commit_tree.after")
        return sha

    def diff_text(self, a: str, b: str, cap_bytes: int = 256 * 1024) -> str:
        """Return the patch from ``a`` to ``b``, cut after ``cap_bytes``."""
        options = ("-r", "-p", "--full-index", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")
        with self.git.stream("diff-tree", *options, a, b) as out:
            patch = out.read(cap_bytes + 1)
        text = patch[:cap_bytes].decode(errors="replace")
        return text + CUT_MARK if len(patch) > cap_bytes else text

    def numstat(self, a: str, b: str) -> tuple[int, int]:
        """Return the lines added and removed from ``a`` to ``b``; binary files count as none."""
        options = ("-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv")
        added = removed = 0
        for item in self.git.run("diff-tree", *options, a, b).split(b"\0")[:-1]:
            plus, minus, _ = item.split(b"\t", 2)
            if plus != b"-":
                added, removed = added + int(plus), removed + int(minus)
        return added, removed


def _list_entries(git: Git, tree: str) -> Mapping[bytes, TreeEntry]:
    found: dict[bytes, TreeEntry] = {}
    for item in git.run("ls-tree", "-r", "-l", "-z", "--full-tree", tree).split(b"\0")[:-1]:
        about, path = item.split(b"\t", 1)
        if {b"", b".", b"..", b".git"}.intersection(path.lower().split(b"/")):
            raise ReadFailedError(f"{tree} holds the path {path!r}", "repair the repository: no honest tree has it")
        mode, _, sha, size = about.decode().split()
        found[path] = TreeEntry(mode, sha, 0 if size == "-" else int(size))
    return MappingProxyType(found)


_remember_entries = lru_cache(maxsize=8)(_list_entries)  # base, best, and candidates with the trees they came from

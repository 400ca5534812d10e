"""A tree that is another one with a few files of ours put in."""

import tempfile
from collections.abc import Mapping

from kernel_opt.edges.repository import Repository


def tree_with(repository: Repository, commit: str, files: Mapping[str, bytes]) -> str:
    """Return the tree of ``commit`` with ``files`` (path to content) in place; nothing is checked out."""
    git = repository.git
    with tempfile.TemporaryDirectory(prefix="kernel-opt-") as scratch:
        environ = {"GIT_INDEX_FILE": f"{scratch}/index"}
        git.run("read-tree", commit, environ=environ)
        for path, content in files.items():
            sha = git.line("hash-object", "-w", "--no-filters", "--stdin", stdin=content)
            git.run("update-index", "--add", "--cacheinfo", f"100644,{sha},{path}", environ=environ)
        return git.line("write-tree", environ=environ)

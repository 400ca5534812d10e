"""Two trees hold the same code when they differ only in our own documents."""

from pathlib import Path

import pytest

from kernel_opt.edges.code_trees import digest_code
from kernel_opt.edges.tree_edit import tree_with
from kernel_opt.model.errors import KernelOptError
from tests.edges.toy_repository import make_repository

OURS = ("performance.md", "performance.svg")


def test_our_documents_are_no_code(tmp_path: Path) -> None:
    """A report at the root changes nothing; one deeper down, and any other file, does."""
    repository = make_repository(tmp_path / "repo")
    base = repository.head_commit()
    first = tree_with(repository, base, {"performance.md": b"1", "performance.svg": b"2"})
    second = tree_with(repository, base, {"performance.md": b"3"})
    code = tree_with(repository, base, {"kernels/pa.py": b"TILE = 64\n"})
    deep = tree_with(repository, base, {"kernels/performance.md": b"4"})
    found = digest_code(repository, [base, first, second, code, deep, first], OURS)
    assert found[base] == found[first] == found[second]
    assert len({found[base], found[code], found[deep]}) == 3


def test_what_is_no_tree_is_told(tmp_path: Path) -> None:
    """A repository that lost an object."""
    repository = make_repository(tmp_path / "repo")
    with pytest.raises(KernelOptError, match="is no tree"):
        digest_code(repository, ["0" * 40], OURS)
    assert digest_code(repository, [], OURS) == {}

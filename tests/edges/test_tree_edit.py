"""A report is put into a tree without any checkout."""

from pathlib import Path

from kernel_opt.edges.tree_edit import tree_with
from tests.edges.toy_repository import files_below, make_repository, user_git


def test_only_the_named_files_differ(tmp_path: Path) -> None:
    """New ones are added, known ones replaced, the rest is the commit's; checkout and index stay as they are."""
    repository = make_repository(tmp_path / "repo")
    before = files_below(repository.root)
    head = repository.head_commit()
    files = {"performance.md": b"# Report\r\n", "docs/a, b.md": b"", "README": b"new\n"}
    tree = tree_with(repository, head, files)
    changed = user_git(repository.root, "diff-tree", "-r", "--name-status", head, tree).splitlines()
    assert changed == ["M\tREADME", "A\tdocs/a, b.md", "A\tperformance.md"]
    assert {name: repository.read_at(tree, name) for name in files} == files
    assert files_below(repository.root) == before
    assert user_git(repository.root, "status", "--porcelain") == ""


def test_the_same_twice_is_the_same_tree(tmp_path: Path) -> None:
    """A crash between this and its commit leaves nothing to tidy up; nothing to put in is the commit's own tree."""
    repository = make_repository(tmp_path / "repo")
    head = repository.head_commit()
    first, second = (tree_with(repository, head, {"performance.md": b"x"}) for _ in range(2))
    assert first == second
    assert tree_with(repository, head, {}) == user_git(repository.root, "rev-parse", "HEAD^{tree}").strip()
    assert tree_with(repository, first, {"performance.md": b"y"}) != first

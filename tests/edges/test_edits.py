"""Capturing an edit: everything that differs is told, and only plain files get into the tree."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_opt.edges import edits, tree_scan
from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.export import export
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.tree_scan import SPECIAL, Found
from kernel_opt.edges.worktree import RunTree, create_run_tree, put_back
from kernel_opt.model.edit import Change, ChangeKind
from kernel_opt.model.errors import ReadFailedError
from tests.edges.toy_repository import FILES, files_below, make_repository, user_git


@pytest.fixture
def tree(tmp_path: Path) -> RunTree:
    repository = make_repository(tmp_path / "repo")
    return create_run_tree(repository, "t", repository.head_commit())


def base_of(tree: RunTree) -> str:
    return tree.repository.head_commit()


def told(tree: RunTree, *ignore: str) -> dict[str, tuple[ChangeKind, str]]:
    edit = capture_edit(tree.repository, tree.path, base_of(tree), ignore=ignore)
    return {change.path: (change.kind, change.mode) for change in edit.changes}


def test_an_untouched_worktree_has_no_edit(tree: RunTree) -> None:
    """Nothing changed gives the base's own tree."""
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert edit.changes == ()
    assert edit.tree == user_git(tree.repository.root, "rev-parse", "HEAD^{tree}").strip()


def test_every_kind_of_change_is_told(tree: RunTree, tmp_path: Path) -> None:
    """Added, modified, deleted and made executable are told apart, with sizes and lines; the tree holds just that."""
    (tree.path / "kernels/pa.py").write_text("TILE = 32\nWAVES = 4\n")
    (tree.path / "kernels/new.py").write_text("y\n")
    (tree.path / "README").unlink()
    (tree.path / "tests/kernels/test_pa.py").chmod(0o755)
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert edit.changes == (
        Change(path="README", kind=ChangeKind.DELETED, mode="100644", size_bytes=0),
        Change(path="kernels/new.py", kind=ChangeKind.ADDED, mode="100644", size_bytes=2),
        Change(path="kernels/pa.py", kind=ChangeKind.MODIFIED, mode="100644", size_bytes=20),
        Change(path="tests/kernels/test_pa.py", kind=ChangeKind.MODE, mode="100755", size_bytes=12),
    )
    assert (edit.lines_added, edit.lines_removed) == (3, 2)
    export(tree.repository, edit.tree, tmp_path / "out")
    assert files_below(tmp_path / "out") == files_below(tree.path)


def flagged(tree: RunTree) -> None:
    user_git(tree.path, "update-index", "--skip-worktree", "README")
    user_git(tree.path, "update-index", "--assume-unchanged", "README")
    (tree.path / "README").write_text("sly\n")


def same_size_and_time(tree: RunTree) -> None:
    about = (tree.path / "README").stat()
    (tree.path / "README").write_text("yot\n")
    os.utime(tree.path / "README", ns=(about.st_atime_ns, about.st_mtime_ns))


def attributes(tree: RunTree) -> None:
    (tree.path / "README").write_text("toy\r\n")
    info = tree.repository.common_dir / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* text eol=lf\n")


def own_git_file(tree: RunTree) -> None:
    (tree.path / ".git").write_text("gitdir: /nowhere\n")
    (tree.path / "README").write_text("sly\n")


@pytest.mark.parametrize("hide", [flagged, same_size_and_time, attributes, own_git_file])
def test_a_change_that_git_status_would_miss_is_seen(tree: RunTree, hide: Callable[[RunTree], None]) -> None:
    """Flags in the index, forged times, attributes and a bent .git hide nothing: bytes are compared."""
    hide(tree)
    assert told(tree) == {"README": (ChangeKind.MODIFIED, "100644")}


def nested_repository(root: Path) -> str:
    make_repository(root / "inner")
    return "inner/.git"


def git_in_capitals(root: Path) -> str:
    (root / "sub/.GIT").mkdir(parents=True)
    (root / "sub/.GIT/config").write_text("[core]\n")
    return "sub/.GIT"


def pipe(root: Path) -> str:
    os.mkfifo(root / "pipe")
    return "pipe"


def unending(root: Path) -> str:
    deep = root / "deep"
    for _ in range(tree_scan.MAX_DEPTH + 3):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("x")
    return "deep" + "/d" * (tree_scan.MAX_DEPTH + 1)


@pytest.mark.parametrize("make", [nested_repository, git_in_capitals, pipe, unending])
def test_what_git_cannot_hold_is_told_and_left_out(tree: RunTree, make: Callable[[Path], str]) -> None:
    """Other repositories, pipes and trees without end are special: no rule that asks for plain files lets them pass."""
    name = make(tree.path)
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert {change.path: change.mode for change in edit.changes}[name] == "special"
    assert name.encode() not in tree.repository.entries(edit.tree)


def test_a_crowd_of_files_is_not_walked_to_its_end(tree: RunTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that holds more than the bound is told as one thing that was not looked into."""
    monkeypatch.setattr(tree_scan, "MAX_ENTRIES", 50)
    (tree.path / "crowd").mkdir()
    for number in range(60):
        (tree.path / f"crowd/{number}").touch()
    assert told(tree)["crowd"] == (ChangeKind.ADDED, "special")


def test_links_are_told_and_never_followed(tree: RunTree) -> None:
    """A new or bent link, also one in place of a directory, is told as a link; the base's version stays in the tree."""
    (tree.path / "latest").unlink()
    (tree.path / "latest").symlink_to("/etc/passwd")
    (tree.path / "kernels").rename(tree.path / "moved")
    (tree.path / "kernels").symlink_to("moved")
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    seen = {change.path: (change.kind, change.mode) for change in edit.changes}
    assert seen["latest"] == (ChangeKind.MODIFIED, "120000")
    assert seen["kernels"] == (ChangeKind.ADDED, "120000")
    assert seen["kernels/pa.py"] == (ChangeKind.DELETED, "100644")
    assert tree.repository.read_at(edit.tree, "latest") == b"kernels/pa.py"
    assert b"kernels" not in tree.repository.entries(edit.tree)


def test_a_file_in_place_of_a_link_or_a_directory_is_a_change(tree: RunTree) -> None:
    """Kinds may be swapped; the tree follows where plain files come in."""
    (tree.path / "latest").unlink()
    (tree.path / "latest").write_text("kernels/pa.py")
    (tree.path / "README").unlink()
    (tree.path / "README").mkdir()
    (tree.path / "README/x").write_text("x")
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert {change.path: change.kind for change in edit.changes} == {
        "README": ChangeKind.DELETED,
        "README/x": ChangeKind.ADDED,
        "latest": ChangeKind.MODIFIED,
    }
    assert tree.repository.read_at(edit.tree, "README/x") == b"x"
    assert tree.repository.entries(edit.tree)[b"latest"].mode == "100644"


def test_a_file_that_cannot_be_read_is_special(tmp_path: Path) -> None:
    """What vanished, or cannot be read as it was seen, is neither unchanged nor stored by half."""
    seen = Found("100644", 3)
    delta = edits._compare_content(os.fsencode(tmp_path / "gone"), b"gone", None, seen, 10)
    assert delta is not None
    assert (delta.found.mode, delta.content) == (SPECIAL, None)


def test_names_that_are_no_text_are_told_escaped(tree: RunTree) -> None:
    """Any name a file system takes gets into the tree, and is shown as text."""
    for name in (b"\xff\xfe.py", b"a\nb", b"git~1", b'quo"te\t'):
        with open(os.path.join(os.fsencode(tree.path), name), "wb") as file:  # noqa: PTH118, PTH123 (bytes)
            file.write(b"x")
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert sorted(change.path for change in edit.changes) == ["\\xff\\xfe.py", "a\nb", "git~1", 'quo"te\t']
    assert {b"\xff\xfe.py", b"a\nb", b"git~1", b'quo"te\t'} <= tree.repository.entries(edit.tree).keys()


def test_files_over_the_cap_are_told_but_not_stored(tree: RunTree) -> None:
    """A file of any size costs no time: it is told with its size, and the tree keeps what the base had."""
    with (tree.path / "huge.bin").open("wb") as file:
        file.truncate(1 << 40)
    with (tree.path / "README").open("wb") as file:
        file.truncate(1 << 40)
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    assert [(change.path, change.size_bytes) for change in edit.changes] == [("README", 1 << 40), ("huge.bin", 1 << 40)]
    assert edit.tree == user_git(tree.repository.root, "rev-parse", "HEAD^{tree}").strip()


def test_all_files_together_have_a_cap_too(tree: RunTree) -> None:
    """Many small files cannot do what one big file may not."""
    for number in range(4):
        (tree.path / f"{number}.py").write_bytes(b"x" * 100)
    edit = capture_edit(tree.repository, tree.path, base_of(tree), total_cap_bytes=250)
    stored = [name for name in tree.repository.entries(edit.tree) if name.endswith(b".py") and b"/" not in name]
    assert (len(edit.changes), stored) == (4, [b"0.py", b"1.py"])


def test_a_big_file_of_the_base_that_did_not_change_is_no_change(tree: RunTree) -> None:
    """The cap is on changes: a base may hold large files."""
    assert capture_edit(tree.repository, tree.path, base_of(tree), file_cap_bytes=1).changes == ()


def test_ignored_names_do_not_count_unless_the_base_has_them(tree: RunTree) -> None:
    """Caches may lie about; what git itself ignores counts all the same, and a base file is never ignored."""
    for name in ("__pycache__/x.pyc", "kernels/__pycache__/y.pyc", "out/z.txt", "build.sh", "kernels/sly.pyc"):
        (tree.path / name).parent.mkdir(exist_ok=True)
        (tree.path / name).write_text("new")
    assert told(tree, "__pycache__/", "out/*", "build*").keys() == {"build.sh", "kernels/sly.pyc"}
    assert "kernels/sly.pyc" in told(tree)


def test_only_what_is_inside_a_submodule_is_a_change_of_it(tree: RunTree, tmp_path: Path) -> None:
    """Its directory may be empty or missing, as git leaves it; files put there are told, and not walked."""
    repository = tree.repository
    make_repository(tmp_path / "other")
    user_git(repository.root, "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
    user_git(repository.root, "commit", "--quiet", "--message=sub")
    put_back(tree, base_of(tree))
    assert told(tree) == {}
    (tree.path / "sub").rmdir()
    assert told(tree) == {}
    (tree.path / "sub").mkdir()
    (tree.path / "sub/evil.py").write_text("x")
    assert told(tree) == {"sub": (ChangeKind.MODIFIED, "160000")}


def test_a_worktree_that_is_gone_is_no_edit_that_deletes_all(tree: RunTree) -> None:
    """A missing directory is told as such."""
    with pytest.raises(ReadFailedError, match="is gone"):
        capture_edit(tree.repository, tree.path / "nowhere", base_of(tree))


NAMES = st.sampled_from([*FILES, "kernels/new.py", "kernels/deep/er.py", "odd name ü", "latest"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=40), st.booleans()), max_size=6))
def test_what_was_captured_comes_out_again(
    tree: RunTree, tmp_path: Path, moves: list[tuple[str, bytes | None, bool]]
) -> None:
    """Whatever plain files are written or removed: base plus edit, exported, is the worktree byte for byte."""
    put_back(tree, base_of(tree))
    for name, content, is_program in moves:
        path = tree.path / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if is_program else 0o644)
    edit = capture_edit(tree.repository, tree.path, base_of(tree))
    out = tmp_path / f"out-{sum(1 for _ in tmp_path.iterdir())}"
    export(tree.repository, edit.tree, out)
    assert files_below(out) == files_below(tree.path)
    assert bool(edit.changes) == (edit.tree != tree_of(tree.repository))


def tree_of(repository: Repository) -> str:
    return user_git(repository.root, "rev-parse", "HEAD^{tree}").strip()


def test_a_key_in_an_edit_never_gets_into_git(tree: RunTree) -> None:
    """It is told as a change like others, with the key left out: neither the tree nor any object has it."""
    key = "sk-scripted-0123456789"
    (tree.path / "kernels/pa.py").write_text(f"KEY = {key!r}\n")
    edit = capture_edit(tree.repository, tree.path, base_of(tree), secrets=(key,))
    assert [change.path for change in edit.changes] == ["kernels/pa.py"]
    assert tree.repository.read_at(edit.tree, "kernels/pa.py") == b"KEY = '[secret]'\n"
    every = tree.repository.git.run("cat-file", "--batch-all-objects", "--batch")
    assert b"[secret]" in every
    assert key.encode() not in every

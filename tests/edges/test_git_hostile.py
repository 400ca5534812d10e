"""Whole rounds over repositories that bite: the user's part stays as it is, and nothing of theirs is run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.export import export
from kernel_opt.edges.git_history import read_history
from kernel_opt.edges.git_refs import best_ref, move_ref, remove_stale_locks, round_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import advance_branch, create_run_tree, put_back, remove_run_tree
from tests.edges.toy_repository import files_below, make_repository, user_git
from tests.fingerprint import fingerprint, objects

HOOKS = (
    "post-checkout",
    "pre-commit",
    "post-commit",
    "reference-transaction",
    "post-index-change",
    "post-rewrite",
    "update",
)


def script(root: Path, path: Path) -> Path:
    """Write a program that leaves a mark beside the repository when it is run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho ran >> '{root.parent}/marker'\ncat\n")
    path.chmod(0o755)
    return path


def commit_all(root: Path) -> None:
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=more")


def plain(root: Path) -> None:
    pass


def dirty(root: Path) -> None:
    (root / "README").write_text("stashed\n")
    user_git(root, "stash")
    (root / "kernels/pa.py").write_text("TILE = 99\n")
    user_git(root, "add", "kernels/pa.py")
    (root / "kernels/pa.py").write_text("TILE = 100\n")
    (root / "notes.txt").write_text("mine\n")
    (root / "build.sh").unlink()


def detached(root: Path) -> None:
    user_git(root, "checkout", "--quiet", "--detach")


def locked_index(root: Path) -> None:
    (root / ".git/index.lock").touch()


def hooks(root: Path) -> None:
    for name in HOOKS:
        script(root, root / ".git/hooks" / name)


def hooks_elsewhere(root: Path) -> None:
    for name in HOOKS:
        script(root, root.parent / "hooks" / name)
    user_git(root, "config", "core.hooksPath", str(root.parent / "hooks"))


def filters(root: Path) -> None:
    (root / ".gitattributes").write_text("* filter=bite diff=bite\n*.py ident eol=crlf\n")
    commit_all(root)
    program = script(root, root.parent / "bite.sh")
    for name in ("filter.bite.clean", "filter.bite.smudge", "diff.bite.textconv", "diff.bite.command", "gpg.program"):
        user_git(root, "config", name, str(program))
    user_git(root, "config", "filter.bite.required", "true")
    user_git(root, "config", "commit.gpgSign", "true")


def line_endings(root: Path) -> None:
    user_git(root, "config", "core.autocrlf", "true")


def file_monitor(root: Path) -> None:
    user_git(root, "config", "core.fsmonitor", str(script(root, root.parent / "watch.sh")))


def submodule(root: Path) -> None:
    make_repository(root.parent / "other")
    user_git(root, "submodule", "--quiet", "add", str(root.parent / "other"), "third party/other")
    commit_all(root)


def large_file_pointer(root: Path) -> None:
    (root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (root / "weights.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
    commit_all(root)
    program = script(root, root.parent / "lfs.sh")
    for name in ("filter.lfs.clean", "filter.lfs.smudge", "filter.lfs.process"):
        user_git(root, "config", name, str(program))


def hidden_changes(root: Path) -> None:
    (root / "README").write_text("hidden\n")
    (root / "kernels/pa.py").write_text("hidden\n")
    user_git(root, "update-index", "--skip-worktree", "README")
    user_git(root, "update-index", "--assume-unchanged", "kernels/pa.py")


def sparse(root: Path) -> None:
    user_git(root, "sparse-checkout", "set", "kernels")


def other_worktree_missing(root: Path) -> None:
    user_git(root, "worktree", "add", "--quiet", "../side", "-b", "side")
    shutil.rmtree(root.parent / "side")


def eager_collector(root: Path) -> None:
    user_git(root, "config", "gc.auto", "1")
    user_git(root, "config", "gc.pruneExpire", "now")
    user_git(root, "pack-refs", "--all")


def replaced_commit(root: Path) -> None:
    (root / "README").write_text("other\n")
    commit_all(root)
    user_git(root, "replace", "HEAD", "HEAD~1")


def somebody_elses(root: Path) -> None:
    for directory, names, files in os.walk(root):
        for name in [".", *names, *files]:
            os.chown(Path(directory) / name, 65534, 65534, follow_symlinks=False)


CASES = [
    plain,
    dirty,
    detached,
    locked_index,
    hooks,
    hooks_elsewhere,
    filters,
    line_endings,
    file_monitor,
    submodule,
    large_file_pointer,
    hidden_changes,
    sparse,
    other_worktree_missing,
    eager_collector,
    replaced_commit,
    # Only root can give files away.
    *([somebody_elses] if os.geteuid() == 0 else []),
]


def whole_run(root: Path) -> None:
    """Everything that a run does to a repository: two rounds, the first kept, the second dropped."""
    repository = Repository.find(root)
    base = repository.head_commit()
    repository.is_dirty()
    tree = create_run_tree(repository, "t", base)
    assert files_below(tree.path) == as_committed(repository, base, root.parent / "as-base")
    (tree.path / "kernels/pa.py").write_text("TILE = 32\r\n")
    edit = capture_edit(repository, tree.path, base)
    assert [change.path for change in edit.changes] == ["kernels/pa.py"]
    kept = repository.commit_tree(edit.tree, base, "keep: bigger tiles", 1_700_000_000.0)
    move_ref(repository, round_ref("t", 1), kept, None)
    move_ref(repository, best_ref("t"), kept, None)
    advance_branch(tree, kept, base)
    put_back(tree, kept)
    (tree.path / "kernels/pa.py").write_text("broken")
    (tree.path / "out").mkdir()
    (tree.path / "out/x.pyc").write_text("left")
    assert len(capture_edit(repository, tree.path, kept).changes) == 2
    put_back(tree, kept)
    assert files_below(tree.path) == as_committed(repository, kept, root.parent / "as-kept")
    assert [commit.sha for commit in read_history(repository, base, kept)] == [kept]
    assert "TILE = 32" in repository.diff_text(base, kept)
    assert repository.numstat(base, kept) == (1, 1)
    assert remove_stale_locks(repository, "t") == []
    remove_run_tree(repository, "t")


def as_committed(repository: Repository, commit: str, into: Path) -> dict[str, tuple[str, bytes]]:
    """What a commit holds, as git's plainest command shows it, after checking that an export agrees."""
    export(repository, commit, into)
    seen = files_below(into)
    for name, (kind, content) in seen.items():
        assert repository.read_at(commit, name) == content, (name, kind)
    return seen


@pytest.mark.parametrize("bite", CASES)
def test_a_whole_run_leaves_the_users_part_byte_for_byte(tmp_path: Path, bite: Callable[[Path], None]) -> None:
    """HEAD, index, refs, stash, settings, hooks and files of the user stay, and no program of theirs is run."""
    root = tmp_path / "my größe repo"
    make_repository(root)
    bite(root)
    (tmp_path / "marker").unlink(missing_ok=True)
    before, stored = fingerprint(root), objects(root)
    whole_run(root)
    assert fingerprint(root) == before
    assert stored <= objects(root)
    assert not (tmp_path / "marker").exists()
    assert "error" not in user_git(root, "fsck", "--full", "--no-dangling")


def test_a_submodule_is_told_and_left_empty(tmp_path: Path) -> None:
    """An export says which commit of which repository belongs where; its directory is there, empty."""
    repository = make_repository(tmp_path / "repo")
    submodule(tmp_path / "repo")
    commit = repository.head_commit()
    exported = export(repository, commit, tmp_path / "out")
    assert [(module.path, len(module.commit)) for module in exported.submodules] == [("third party/other", 40)]
    assert list((tmp_path / "out/third party/other").iterdir()) == []


def test_the_environment_of_the_caller_does_not_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run started from a hook, where git's variables point elsewhere, works on the right repository all the same."""
    root = tmp_path / "repo"
    make_repository(root)
    make_repository(tmp_path / "wrong")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "wrong/.git"))
    before = fingerprint(tmp_path / "wrong")
    whole_run(root)
    assert fingerprint(tmp_path / "wrong") == before

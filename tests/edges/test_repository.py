"""Finding and looking at the user's repository, and calling git."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_opt.edges import git as git_edge
from kernel_opt.edges.export import export, write_entries
from kernel_opt.edges.git import Git
from kernel_opt.edges.git_history import read_history
from kernel_opt.edges.repository import CUT_MARK, Repository, TreeEntry
from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.model.errors import InfrastructureError, ReadFailedError, UsageError
from tests.edges.toy_repository import make_repository, user_git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "repo")


def test_it_is_found_from_below_and_from_another_worktree(repository: Repository) -> None:
    """Where in the checkout the user stands does not matter; a linked worktree is a checkout of its own."""
    assert Repository.find(repository.root / "tests/kernels") == repository
    user_git(repository.root, "worktree", "add", "--quiet", "../side")
    side = Repository.find(repository.root.parent / "side")
    assert (side.root.name, side.common_dir) == ("side", repository.common_dir)


def nothing(root: Path) -> None:
    root.mkdir()


def missing(root: Path) -> None:
    pass


def bare(root: Path) -> None:
    root.mkdir()
    user_git(root, "init", "--quiet", "--bare")


def inside_git(root: Path) -> None:
    make_repository(root.parent / "whole")
    root.symlink_to(root.parent / "whole/.git")


def unborn(root: Path) -> None:
    root.mkdir()
    user_git(root, "init", "--quiet")


def conflict(root: Path, *verb: str) -> None:
    make_repository(root)
    user_git(root, "checkout", "--quiet", "-b", "other")
    for branch, text in (("other", "b\n"), ("main", "c\n")):
        user_git(root, "checkout", "--quiet", branch)
        (root / "README").write_text(text)
        user_git(root, "commit", "--quiet", "--all", "--message=change")
    user_git(root, *verb, check=False)


def merging(root: Path) -> None:
    conflict(root, "merge", "other")


def rebasing(root: Path) -> None:
    conflict(root, "rebase", "other")


def picking(root: Path) -> None:
    conflict(root, "cherry-pick", "other")


def reverting(root: Path) -> None:
    conflict(root, "revert", "HEAD~1")
    (root / ".git/REVERT_HEAD").write_text("0" * 40)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "not in a git repository"),
        (missing, "not a directory"),
        (bare, "bare repository"),
        (inside_git, "bare repository"),
        (unborn, "no commit yet"),
        (merging, "a merge is going on"),
        (rebasing, "a rebase is going on"),
        (picking, "a cherry-pick is going on"),
        (reverting, "a revert is going on"),
    ],
)
def test_what_no_run_can_be_based_on_is_refused(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    """One sentence says what is wrong and what to do."""
    make(tmp_path / "here")
    with pytest.raises(UsageError, match=words) as told:
        Repository.find(tmp_path / "here")
    assert told.value.mend


def test_dirt_is_seen_but_ignored_files_are_none(repository: Repository) -> None:
    """Changed, staged and new files count; what the repository ignores does not."""
    (repository.root / "x.pyc").write_text("x")
    assert not repository.is_dirty()
    (repository.root / "notes").write_text("x")
    assert repository.is_dirty()
    (repository.root / "notes").unlink()
    (repository.root / "README").write_text("changed, and longer\n")
    assert repository.is_dirty()


def test_a_commit_can_be_asked_for_paths_and_names(repository: Repository) -> None:
    """Names stand for commits or for nothing; options in disguise are names too."""
    head = repository.head_commit()
    assert repository.commit_of("main") == head
    assert repository.commit_of("--all") is None
    assert repository.exists_at(head, "tests/kernels/test_pa.py")
    assert repository.exists_at(head, "kernels/größe & co.py")
    assert not repository.exists_at(head, "tests/none.py")
    assert repository.read_at(head, "README") == b"toy\n"
    assert repository.read_at(head, "kernels") is None


def test_a_tree_that_leads_out_is_refused(repository: Repository) -> None:
    """A made-up tree with the name .. in it is never written to disk."""
    blob = user_git(repository.root, "rev-parse", "HEAD:README").strip()
    tree = repository.git.line("mktree", stdin=f"100644 blob {blob}\t..\n".encode())
    with pytest.raises(ReadFailedError, match="holds the path"):
        repository.entries(tree)


def test_a_patch_is_cut_after_its_cap(repository: Repository) -> None:
    """A patch of any size costs only what is read of it, and says that it goes on."""
    head = repository.head_commit()
    blob = repository.git.line("hash-object", "-w", "--stdin", stdin=b"line\n" * 100_000)
    tree = repository.git.line("mktree", stdin=f"100644 blob {blob}\tbig\n".encode())
    text = repository.diff_text(head, tree, cap_bytes=1000)
    assert text.endswith(CUT_MARK)
    assert len(text) == 1000 + len(CUT_MARK)
    assert repository.numstat(head, tree)[0] == 100_000
    assert repository.diff_text(head, head) == ""


def test_binary_files_count_no_lines(repository: Repository) -> None:
    """git counts none in them, and neither do we."""
    blob = repository.git.line("hash-object", "-w", "--stdin", stdin=b"\0\1\2")
    tree = repository.git.line("mktree", stdin=f"100644 blob {blob}\tbig\n".encode())
    assert repository.numstat(repository.head_commit(), tree)[0] == 0


def test_history_is_read_without_leaving_a_process(repository: Repository) -> None:
    """Commits come oldest first with time and first line; no helper of git stays behind."""
    base = repository.head_commit()
    before = _children()  # of this process: other tests may have left some that nobody has waited for yet
    one = repository.commit_tree(f"{base}^{{tree}}", base, "one\n\nwhy", 5.0)
    two = repository.commit_tree(f"{base}^{{tree}}", one, "two", 6.0)
    assert [(past.sha, past.at_s, past.subject) for past in read_history(repository, base, two)] == [
        (one, 5.0, "one"),
        (two, 6.0, "two"),
    ]
    assert read_history(repository, base, base) == ()
    assert _children() <= before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_an_export_can_be_made_read_only(repository: Repository, tmp_path: Path) -> None:
    """Files and directories are without the right to write, programs stay programs; it goes nowhere twice."""
    out = tmp_path / "a" / "out"
    assert export(repository, repository.head_commit(), out, read_only=True).files == 7
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (out, out / "build.sh", out / "kernels/pa.py")}
    assert {name: mode & 0o222 for name, mode in modes.items()} == {"out": 0, "build.sh": 0, "pa.py": 0}
    assert modes["build.sh"] & 0o111
    assert not modes["pa.py"] & 0o111
    with pytest.raises(UsageError, match="not empty"):
        export(repository, repository.head_commit(), out)


def test_an_object_that_is_lost_is_told(repository: Repository, tmp_path: Path) -> None:
    """A damaged repository is the machine's fault, named with the path that cannot be read."""
    entries = {b"gone.py": TreeEntry("100644", "f" * 40, 5)}
    with pytest.raises(InfrastructureError, match=r"gone\.py .* cannot be read"):
        write_entries(repository, os.fsencode(tmp_path), entries)


def test_a_git_that_hangs_is_ended(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call waits for ever: the limit ends it, and the machine is blamed."""
    monkeypatch.setattr(git_edge, "TIMEOUT_S", 0.2)
    hang = ("-c", "alias.hang=!sleep 60", "hang")
    with pytest.raises(InfrastructureError, match="did not end within"):
        repository.git.run(*hang)
    with Git(repository.root).stream(*hang) as out:
        assert out.read() == b""


def test_a_missing_git_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git on PATH the user hears just that."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="git is not on PATH"):
        repository.git.run("version")
    with pytest.raises(UsageError, match="git is not on PATH"), repository.git.stream("version"):
        pass


def test_a_full_disk_is_told_apart(repository: Repository) -> None:
    """What git says about space becomes the one error for a full disk."""
    full = repository.git.failed("hash-object", "fatal: write error: No space left on device")
    assert isinstance(full, DiskFullError)
    assert not isinstance(repository.git.failed("hash-object", "fatal: bad"), DiskFullError)

"""`kernel-opt clean`: what a finished run left goes, on an explicit yes, and nothing else."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from kernel_opt.cli.runs import find_run
from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.daemon.lock import RunLock
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import create_run_tree
from kernel_opt.journal.store import Store
from tests.cli.toy_run import Toy, call
from tests.edges.toy_repository import files_below, user_git


@pytest.fixture
def finished(toy: Toy) -> Toy:
    """A run with a kept commit, a hidden ref and a worktree, and no daemon."""
    place, _ = prepare(Wish(tag="t1", repo=toy.repo))
    Store.create(Path(place.directory)).close()
    repository = Repository.find(toy.repo)
    head = repository.head_commit()
    create_run_tree(repository, "t1", head)
    tree = user_git(toy.repo, "rev-parse", "HEAD^{tree}").strip()
    kept = repository.commit_tree(tree, head, "faster\n", 1.0)
    for ref in ("refs/heads/kernel-opt/t1", "refs/kernel-opt/t1/round-1"):
        user_git(toy.repo, "update-ref", ref, kept)
    return toy


def refs(toy: Toy) -> str:
    return user_git(toy.repo, "for-each-ref", "--format=%(refname)")


def is_gone(toy: Toy) -> bool:
    return not (toy.worktree.exists() or "kernel-opt" in refs(toy) or list(toy.state.glob("*/t1")))


def test_all_of_a_run_goes_and_nothing_else(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Worktree, branch, hidden refs and state; the user's checkout and refs are as they were. Twice is fine."""
    before = files_below(finished.repo)
    assert call("clean", "--tag", "t1", "--yes") == 0
    told = capsys.readouterr().out
    assert f"worktree {finished.worktree}" in told
    assert "branch kernel-opt/t1 with 1 commits that are on no other branch" in told
    assert "1 hidden refs refs/kernel-opt/t1/*" in told
    assert "state " in told
    assert "which did not stop in order" in told
    assert told.endswith("run t1 is removed\n")
    assert is_gone(finished)
    assert files_below(finished.repo) == before
    assert refs(finished) == "refs/heads/main\n"
    assert call("clean", "--tag", "t1", "--yes") == 0
    assert capsys.readouterr().out == "nothing is left of run t1\n"


def test_without_a_yes_nothing_goes(finished: Toy) -> None:
    """Where nobody can answer, it says what would go, and refuses."""
    done = finished.run("clean", "--tag", "t1", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "worktree" in done.stdout
    assert "say --yes" in done.stderr
    assert not is_gone(finished)


@pytest.mark.parametrize(("answer", "code"), [(b"\n", 1), (b"no\n", 1), (b"y\n", 0)])
def test_a_person_is_asked(finished: Toy, answer: bytes, code: int) -> None:
    """On a terminal only a yes removes anything."""
    parent, child = pty.openpty()
    os.write(parent, answer)
    done = finished.run("clean", "--tag", "t1", stdin=child)
    os.close(child)
    os.close(parent)
    assert done.returncode == code
    assert "remove all of this? [y/N]" in done.stdout
    assert is_gone(finished) == (code == 0)


def test_a_live_run_is_not_touched(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """A daemon holds the run; it is named, with how to end it."""
    lock = RunLock(Path(find_run("t1", None).lock), "t1")
    assert call("clean", "--tag", "t1", "--yes") == 75
    assert "kernel-opt stop --tag t1" in capsys.readouterr().err
    lock.release()
    assert not is_gone(finished)


def test_what_is_merged_is_told_as_safe(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """The gains are on another branch too."""
    user_git(finished.repo, "branch", "mine", "kernel-opt/t1")
    assert call("clean", "--tag", "t1", "--yes") == 0
    assert "branch kernel-opt/t1, all of it on other branches too" in capsys.readouterr().out


def test_a_removal_that_was_cut_off_is_ended(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """With the state gone by hand, branch and worktree are still found; with the worktree gone, the rest."""
    shutil.rmtree(finished.state)
    assert call("clean", "--tag", "t1", "--yes") == 0
    assert "state " not in capsys.readouterr().out
    assert is_gone(finished)


def test_a_repository_that_is_gone_keeps_nothing(finished: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's state and worktree go all the same."""
    monkeypatch.chdir(finished.root)
    shutil.rmtree(finished.repo)
    assert call("clean", "--tag", "t1", "--yes") == 0
    assert not finished.worktree.exists()
    assert not list(finished.state.glob("*/t1"))


def test_a_repository_in_mid_merge_is_not_cleaned(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told, and everything stays."""
    (finished.repo / ".git/MERGE_HEAD").write_text("")
    assert call("clean", "--tag", "t1", "--yes") == 1
    assert "the run's repository cannot be used: a merge is going on" in capsys.readouterr().err
    assert finished.worktree.exists()


def test_a_journal_that_cannot_be_read_keeps_nothing(finished: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken run can be removed too."""
    (Path(find_run("t1", None).directory) / "journal.db").write_text("garbage" * 1000)
    assert call("clean", "--tag", "t1", "--yes") == 0
    assert "whose journal cannot be read" in capsys.readouterr().out
    assert is_gone(finished)

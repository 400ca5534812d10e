"""Killed between any two effects on the repository, the same round done again ends in the same commits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.git_refs import remove_stale_locks
from kernel_opt.edges.repository import Repository
from tests.edges.toy_repository import files_below, make_repository, user_git
from tests.fingerprint import fingerprint

ROUND = """
import sys
from pathlib import Path
from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.git_refs import best_ref, move_ref, round_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import advance_branch, create_run_tree, put_back
repository = Repository.find(Path(sys.argv[1]))
base = repository.head_commit()
tree = create_run_tree(repository, "t", base, resuming=True)
put_back(tree, base)
(tree.path / "kernels/pa.py").write_text("TILE = 32\\n")
edit = capture_edit(repository, tree.path, base)
kept = repository.commit_tree(edit.tree, base, "keep", 1_700_000_000.0)
move_ref(repository, round_ref("t", 1), kept, None)
move_ref(repository, best_ref("t"), kept, None)
advance_branch(tree, kept, base)
put_back(tree, kept)
print(kept)
"""
PLACES = [
    *(f"{name}:{side}:kill@1" for name in ("run_tree", "commit_tree") for side in ("before", "after")),
    *(f"put_back:{side}:kill@{nth}" for side in ("before", "after") for nth in (1, 2, 3)),
    *(f"move_ref:{side}:kill@{nth}" for side in ("before", "after") for nth in (1, 2, 3, 4)),
]


def play(root: Path, failpoint: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "KERNEL_OPT_FAILPOINT": failpoint}
    return subprocess.run(
        [sys.executable, "-c", ROUND, str(root)], env=environ, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The commit of the round when nothing goes wrong."""
    root = tmp_path_factory.mktemp("clean") / "repo"
    make_repository(root)
    return play(root, "").stdout


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_round_done_again_ends_the_same(tmp_path: Path, place: str, expected: str) -> None:
    """The same SHA, all refs on it, no lock left, the user's part untouched."""
    root = tmp_path / "repo"
    make_repository(root)
    before = fingerprint(root)
    assert play(root, place).returncode == -signal.SIGKILL
    again = play(root, "")
    assert (again.stdout, again.stderr) == (expected, "")
    sha = expected.strip()
    ours = ("refs/kernel-opt", "refs/heads/kernel-opt")
    refs = user_git(root, "for-each-ref", "--format=%(refname) %(objectname)", *ours)
    assert refs.splitlines() == [
        f"refs/heads/kernel-opt/t {sha}",
        f"refs/kernel-opt/t/best {sha}",
        f"refs/kernel-opt/t/round-1 {sha}",
    ]
    assert list((root / ".git").rglob("*.lock")) == []
    assert fingerprint(root) == before
    assert user_git(tmp_path / "kernel-opt-t", "status", "--short", "--ignored") == ""


def test_locks_of_a_killed_git_everywhere_are_no_hindrance(tmp_path: Path, expected: str) -> None:
    """Every lock that a kill inside git can leave in our part is gone through, at the next round or start."""
    root = tmp_path / "repo"
    make_repository(root)
    play(root, "move_ref:after:kill@1")
    git_dir = root / ".git"
    for name in (
        "refs/heads/kernel-opt/t",
        "refs/kernel-opt/t/best",
        "refs/kernel-opt/t/round-1",
        "worktrees/kernel-opt-t/index",
        "worktrees/kernel-opt-t/HEAD",
    ):
        (git_dir / f"{name}.lock").parent.mkdir(parents=True, exist_ok=True)
        (git_dir / f"{name}.lock").touch()
    again = play(root, "")
    assert (again.stdout, again.stderr) == (expected, "")
    remove_stale_locks(Repository.find(root), "t")
    assert list(git_dir.rglob("*.lock")) == []
    assert files_below(tmp_path / "kernel-opt-t")["kernels/pa.py"] == ("file", b"TILE = 32\n")

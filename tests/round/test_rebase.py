"""A round is put on a newer best: with all of its change, or dropped with a reason."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.worktree import put_back
from kernel_opt.model.edit import ChangeKind
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.hypothesis import Candidate, Origin
from kernel_opt.model.round_facts import Dropped, Ending, Rebased
from kernel_opt.model.stages import Opened, Right, Tries
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.steps import Rebase
from kernel_opt.round.rebase import rebase
from tests.fakes import bench_run, hypothesis
from tests.round.toolbox import Box, make_box, write

FAR = "#\n" * 8
KERNEL = "kernels/pa.py"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return make_box(tmp_path)


def best_with(box: Box, text: str, name: str = KERNEL) -> Best:
    """A newer best, of round 2."""
    tree = box.edit(write(name, text)).tree
    commit = box.tools.repository.commit_tree(tree, box.base, "newer", 5.0)
    return Best(commit, commit, bench_run(commit), 2)


def on(state: RunState, newer: Best) -> RunState:
    return replace(state, moved_on=newer)


def test_a_draft_is_put_on_it_with_all_of_its_change(box: Box) -> None:
    """Told against the newer best, as if the proposer had started there; what it added and removed goes along."""

    def act(tree: Path) -> None:
        (tree / KERNEL).write_text(f"TILE = 16\n{FAR}MINE = 1\n")
        (tree / "kernels" / "new.py").write_text("x = 1\n")
        (tree / "build.sh").chmod(0o644)
        (tree / "kernels" / "größe & co.py").unlink()

    newer = best_with(box, "TILE = 16\n", "kernels/other.py")
    state = on(box.draft(act), newer)
    fact = rebase(Rebase(newer.code, state.stage.edit.tree), state, box.tools)
    assert isinstance(fact, Rebased)
    assert fact.edit is not None
    kinds = {change.path: change.kind for change in fact.edit.changes}
    assert kinds == {
        KERNEL: ChangeKind.MODIFIED,
        "kernels/new.py": ChangeKind.ADDED,
        "build.sh": ChangeKind.MODE,
        "kernels/größe & co.py": ChangeKind.DELETED,
    }
    assert fact.edit.base == newer.commit
    put_back(box.tools.tree, newer.commit)
    act(box.tree)
    assert capture_edit(box.tools.repository, box.tree, newer.commit) == fact.edit


def test_what_no_tree_can_hold_stays_told(box: Box) -> None:
    """A link is refused afterwards as it would have been before."""
    newer = best_with(box, "x = 2\n", "kernels/other.py")
    state = on(box.draft(lambda tree: (tree / "kernels" / "link").symlink_to("/etc/passwd")), newer)
    state = replace(state, stage=replace(state.stage, edit=state.stage.edit))
    fact = rebase(Rebase(newer.code, state.stage.edit.tree), state, box.tools)
    assert isinstance(fact, Rebased)
    assert fact.edit is not None
    assert [change.path for change in fact.edit.changes] == ["kernels/link"]


def test_a_candidate_is_put_on_it_by_its_commit(box: Box) -> None:
    """Also one that was measured already."""
    newer = best_with(box, "x = 2\n", "kernels/other.py")
    tree = box.edit(write(KERNEL, "TILE = 32\n")).tree
    commit = box.tools.repository.commit_tree(tree, box.base, "candidate", 6.0)
    candidate = Candidate(
        commit=commit, parent=box.base, origin=Origin.PROPOSED, files=(KERNEL,), lines_added=1, lines_removed=1
    )
    right = Right(hypothesis(), candidate, bench_run(commit), Tries())
    fact = rebase(Rebase(newer.code, commit), on(box.state(stage=right), newer), box.tools)
    assert isinstance(fact, Rebased)
    assert fact.edit is not None
    assert box.tools.repository.read_at(fact.edit.tree, KERNEL) == b"TILE = 32\n"
    assert box.tools.repository.read_at(fact.edit.tree, "kernels/other.py") == b"x = 2\n"
    assert (fact.edit.lines_added, fact.edit.lines_removed) == (1, 1)


@pytest.mark.parametrize(
    ("text", "told"), [("TILE = 64\n", f"same lines of {KERNEL}"), ("TILE = 32\n", "did the same")]
)
def test_what_does_not_go_with_it_is_dropped_and_said(box: Box, text: str, told: str) -> None:
    """The same lines changed in another way, or in the same way; the worktree is the newer best."""
    newer = best_with(box, text)
    state = on(box.draft(write(KERNEL, "TILE = 32\n")), newer)
    fact = rebase(Rebase(newer.code, state.stage.edit.tree), state, box.tools)
    assert isinstance(fact, Dropped)
    assert fact.ending is Ending.REBASE_LOST
    assert told in fact.why
    assert "round 2" in fact.why
    assert (box.tree / KERNEL).read_text() == text


def test_without_a_draft_there_is_nothing_to_put(box: Box) -> None:
    """The round simply begins with the newer best."""
    newer = best_with(box, "x = 2\n", "kernels/other.py")
    state = on(box.state(stage=Opened()), newer)
    assert rebase(Rebase(newer.code), state, box.tools) == Rebased(onto=newer.code)


def test_what_is_not_best_any_more_is_nothing_to_be_put_on(box: Box) -> None:
    """A fault, after which the step is asked for anew."""
    state = box.draft(write(KERNEL, "TILE = 32\n"))
    with pytest.raises(InfrastructureError, match="not what stands on the branch"):
        rebase(Rebase("0" * 40, state.stage.edit.tree), state, box.tools)

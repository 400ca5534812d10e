"""The proposer is asked in a worktree that is ours, and its edit is what the worktree says."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.process import StopWish
from kernel_opt.model.facts import ProposerAway, StopAsked
from kernel_opt.model.hypothesis import Origin, Usage
from kernel_opt.model.proposal import Answer, Reply, Task
from kernel_opt.model.round_facts import Checked, Edited, GaveNothing, Proposed
from kernel_opt.model.settings import EditSettings
from kernel_opt.model.stages import Drafted, Tries, Weighed
from kernel_opt.model.steps import Amend, Propose
from kernel_opt.model.verdict import Condition, Outcome, Term
from kernel_opt.round.check import check
from kernel_opt.round.propose import amend, propose
from kernel_opt.rules.integrity.edits import judge_edit
from tests.fakes import bench_run, hypothesis, settings, verdict
from tests.round.toolbox import OK, Box, make_box, write

FASTER = write("kernels/pa.py", "TILE = 64\n")


def paths(fact: Proposed | Edited) -> list[str]:
    return [change.path for change in fact.edit.changes]


def ask(box: Box, sent_back: str = "") -> Proposed:
    fact = propose(Propose(sent_back=sent_back), box.state(), box.tools)
    assert isinstance(fact, Proposed), fact
    return fact


def test_an_edit_with_its_hypothesis(box: Box) -> None:
    """Who claimed it, what it cost, and what the worktree says has changed."""
    box.proposer.act = FASTER
    fact = ask(box)
    assert (fact.hypothesis.sentence, fact.hypothesis.proposer, fact.proposer) == ("tile by 64", "fake", "fake")
    assert (paths(fact), fact.edit.base, fact.usage) == (["kernels/pa.py"], box.base, Usage(cost_usd=0.5))
    assert fact.folder == "rounds/0001/propose-1"


def test_it_begins_from_best_whatever_lay_there(box: Box) -> None:
    """What an attempt cut off by a crash left is gone, and its folder is not used again."""
    FASTER(box.tree)
    (box.tree / "junk").write_text("x")
    first, second = ask(box), ask(box)
    assert paths(first) == paths(second) == []
    assert second.folder == "rounds/0001/propose-2"


def test_the_brief_is_there_to_be_read(box: Box) -> None:
    """As Markdown in its folder and as facts, with the reason why the last answer came back."""
    ask(box, "it points at nothing")
    (request,) = box.proposer.asked
    assert (request.task, request.round, request.worktree) == (Task.PROPOSE, 1, str(box.tree))
    assert "it points at nothing" in Path(request.brief).read_text()
    assert request.facts["task"] == "propose"


def test_leftovers_are_no_part_of_an_edit(box: Box) -> None:
    """Caches of a Python that was run to try something are neither a change nor a cheat."""

    def act(tree: Path) -> None:
        FASTER(tree)
        write("kernels/__pycache__/pa.cpython-311.pyc", "x")(tree)
        write(".pytest_cache/v/x", "x")(tree)

    box.proposer.act = act
    fact = ask(box)
    assert paths(fact) == ["kernels/pa.py"]
    assert judge_edit(fact.edit, EditSettings(), "bench.py") is None


def test_every_file_within_the_limit_is_captured(tmp_path: Path) -> None:
    """What the settings allow is in the tree; what is larger is told and refused, never left out in silence."""
    limits = EditSettings(max_file_bytes=2_000_000)
    box = make_box(tmp_path, settings(edit=limits))
    box.proposer.act = write("kernels/table.h", "1" * 1_900_000)
    fact = ask(box)
    assert judge_edit(fact.edit, limits, "bench.py") is None
    assert len(box.tools.repository.read_at(fact.edit.tree, "kernels/table.h") or b"") == 1_900_000
    box.proposer.act = write("kernels/table.h", "1" * 2_000_001)
    refusal = judge_edit(ask(box).edit, limits, "bench.py")
    assert refusal is not None
    assert refusal.rule == "file-too-large"


def test_a_worktree_that_is_gone_is_nothing(box: Box) -> None:
    """A proposer that removes it gave no edit; the machine is not blamed, and the next one finds it there again."""
    box.proposer.act = shutil.rmtree
    fact = propose(Propose(), box.state(), box.tools)
    assert isinstance(fact, GaveNothing)
    assert "is gone" in fact.why
    box.proposer.act = FASTER
    assert paths(ask(box)) == ["kernels/pa.py"]


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (Answer(reply=Reply.AWAY, detail="limit", retry_after_s=60.0), ProposerAway(why="limit", retry_after_s=60.0)),
        (Answer(reply=Reply.BARRED, detail="no key"), ProposerAway(why="no key", final=True)),
        (Answer(reply=Reply.DRY, detail="no idea"), ProposerAway(why="no idea", final=True)),
        (
            Answer(reply=Reply.NOTHING, detail="crashed", usage=Usage(cost_usd=1.0)),
            GaveNothing(why="crashed", usage=Usage(cost_usd=1.0), folder="rounds/0001/propose-1"),
        ),
        (
            Answer(reply=Reply.OK),
            GaveNothing(why="no hypothesis", usage=Usage(), folder="rounds/0001/propose-1"),
        ),
    ],
)
def test_other_answers(box: Box, answer: Answer, fact: object) -> None:
    """Away is waited for, gone for good is told as that, nothing costs a round and what it cost is counted."""
    box.proposer.answer = answer
    box.proposer.act = FASTER
    assert propose(Propose(), box.state(), box.tools) == fact


def test_a_stop_is_obeyed_before_the_answer(box: Box) -> None:
    """Somebody asked while the proposer worked; what it had cost by then is counted."""
    mend = _mend(box, Origin.REPAIR)
    box.wishes.at_once = StopWish("ana")
    asked = StopAsked(by="ana", usage=OK.usage)
    assert propose(Propose(), box.state(), box.tools) == asked
    assert amend(mend, box.state(), box.tools) == asked


def _mend(box: Box, origin: Origin) -> Amend:
    checked = check(box.draft(FASTER), box.tools)
    assert isinstance(checked, Checked)
    return Amend(origin=origin, hypothesis=hypothesis(), candidate=checked.candidate, why="3 rows are wrong")


@pytest.mark.parametrize("origin", [Origin.QUICK_FIX, Origin.REPAIR, Origin.SPLIT])
def test_a_mend_begins_from_the_candidate(box: Box, origin: Origin) -> None:
    """The proposer sees its own code and the reason; the edit is told against best all the same."""
    seen: list[str] = []

    def act(tree: Path) -> None:
        seen.append((tree / "kernels/pa.py").read_text())
        write("kernels/new.py", "y = 1\n")(tree)

    step = _mend(box, origin)
    box.proposer.act = act
    fact = amend(step, box.state(), box.tools)
    assert isinstance(fact, Edited)
    assert (fact.origin, fact.note, seen) == (origin, "tile by 64", ["TILE = 64\n"])
    assert paths(fact) == ["kernels/new.py", "kernels/pa.py"]
    assert box.proposer.asked[-1].task.value == origin.value
    assert "3 rows are wrong" in Path(box.proposer.asked[-1].brief).read_text()


def test_a_mend_may_fail(box: Box) -> None:
    """Nothing, a missing worktree and a proposer that is away are told as such; a mend needs no new claim."""
    step = _mend(box, Origin.REPAIR)
    box.proposer.answer = Answer(reply=Reply.OK)
    fact = amend(step, box.state(), box.tools)
    assert isinstance(fact, Edited)
    assert fact.note == ""
    box.proposer.act = shutil.rmtree
    assert isinstance(amend(step, box.state(), box.tools), GaveNothing)
    box.proposer.answer = Answer(reply=Reply.AWAY, detail="limit")
    assert amend(step, box.state(), box.tools) == ProposerAway(why="limit")


def test_a_split_carries_its_condition(box: Box) -> None:
    """What was found to tell the gaining classes apart goes into the brief and the fact."""
    condition = Condition(terms=(Term(column="head_size", operator="==", values=("64",)),))
    weighed = replace(verdict(Outcome.DIVERGING), condition=condition)
    step = _mend(box, Origin.SPLIT)
    stage = Weighed(hypothesis(), step.candidate, bench_run(), weighed, None, Tries())
    fact = amend(step, box.state(stage=stage), box.tools)
    assert isinstance(fact, Edited)
    assert fact.condition == "head_size == 64"
    assert "head_size == 64" in Path(box.proposer.asked[-1].brief).read_text()
    fact = amend(step, box.state(stage=Drafted(hypothesis(), box.edit(FASTER), Origin.SPLIT, Tries())), box.tools)
    assert isinstance(fact, Edited)
    assert fact.condition == ""
    assert box.proposer.answer is OK

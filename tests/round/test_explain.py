"""A coding agent is asked why its candidate works; a gain never waits for the answer."""

from pathlib import Path

import pytest

from kernel_opt.edges.process import StopWish
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.facts import StopAsked
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Answer, Reply, Task
from kernel_opt.model.round_facts import Checked, Explained
from kernel_opt.model.steps import Explain
from kernel_opt.round.check import check
from kernel_opt.round.explain import explain
from tests.fakes import hypothesis, verdict
from tests.round.toolbox import Box, write

FASTER = write("kernels/pa.py", "TILE = 64\n")
PAID = Usage(cost_usd=0.1)


def step(box: Box) -> Explain:
    checked = check(box.draft(FASTER), box.tools)
    assert isinstance(checked, Checked)
    return Explain(hypothesis(), checked.candidate, verdict())


def test_its_words_go_into_the_fact_and_its_edits_nowhere(box: Box) -> None:
    """It sees its candidate and what was measured; the worktree is the candidate again afterwards."""
    asked = step(box)
    box.proposer.answer = Answer(reply=Reply.OK, text="It waits less.\nSigned-off-by: me", usage=PAID)
    box.proposer.act = write("kernels/pa.py", "TILE = 1\n")
    fact = explain(asked, box.state(), box.tools)
    assert fact == Explained(message="It waits less.", usage=PAID, folder="rounds/0001/explain-1")
    assert (box.tree / "kernels/pa.py").read_text() == "TILE = 64\n"
    request = box.proposer.asked[-1]
    brief = Path(request.brief).read_text()
    assert request.task is Task.COMMIT_MESSAGE
    assert asked.verdict.sentence in brief
    assert "body of the commit" in brief
    assert '"hypothesis"' not in brief


@pytest.mark.parametrize("reply", [Reply.NOTHING, Reply.AWAY, Reply.BARRED, Reply.DRY])
def test_whatever_else_it_answers_the_keep_goes_on(box: Box, reply: Reply) -> None:
    """Also when it is away or its key is gone; what it cost is counted."""
    asked = step(box)
    box.proposer.answer = Answer(reply=reply, detail="no", usage=PAID)
    fact = explain(asked, box.state(), box.tools)
    assert isinstance(fact, Explained)
    assert (fact.message, fact.usage) == ("", PAID)


def test_a_failure_of_the_machine_costs_no_gain(box: Box) -> None:
    """The commit says what the hypothesis had expected."""
    asked = step(box)

    def fail(_: Path) -> None:
        raise InfrastructureError("no process could be started")

    box.proposer.act = fail
    fact = explain(asked, box.state(), box.tools)
    assert isinstance(fact, Explained)
    assert fact.message == ""


def test_a_stop_is_obeyed(box: Box) -> None:
    """Asked for while it was asked."""
    asked = step(box)
    box.wishes.at_once = StopWish("ana")
    box.proposer.answer = Answer(reply=Reply.OK, usage=PAID)
    assert explain(asked, box.state(), box.tools) == StopAsked(by="ana", usage=PAID)

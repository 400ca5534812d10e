"""Proposers in a row: the next one is asked when one has run dry, and a mend goes to who made the claim."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.agents.chain import ChainProposer
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.process import StopWish
from kernel_opt.model.errors import UsageError
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.model.settings import AgentSettings
from tests.edges.agents.asking import make_worktree, nobody, request
from tests.fakes import settings


class FakeProposer:
    """Answers with the next of its replies, and remembers what it was asked."""

    def __init__(self, name: str, *replies: Reply, problem: str | None = None) -> None:
        self.name = name
        self.asked: list[Task] = []
        self._replies = list(replies)
        self._problem = problem

    def find_problem(self) -> str | None:
        return self._problem

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        del on_tick
        self.asked.append(request.task)
        return Answer(reply=self._replies.pop(0), detail=f"{self.name} speaks")


def test_the_next_is_asked_when_one_is_dry_or_barred(tmp_path: Path) -> None:
    """Who spoke last gives the name under which the claim is journalled."""
    first, second = FakeProposer("a", Reply.OK, Reply.DRY), FakeProposer("b", Reply.BARRED, Reply.OK)
    third = FakeProposer("c", Reply.OK)
    chain = ChainProposer([first, second, third])
    ask = request(make_worktree(tmp_path))
    assert (chain.work(ask, nobody).detail, chain.name) == ("a speaks", "a")
    assert (chain.work(ask, nobody).detail, chain.name) == ("c speaks", "c")


def test_nothing_is_an_answer(tmp_path: Path) -> None:
    """A round that came to nothing is not tried again by somebody else."""
    second = FakeProposer("b")
    chain = ChainProposer([FakeProposer("a", Reply.NOTHING), second])
    assert chain.work(request(make_worktree(tmp_path)), nobody).reply is Reply.NOTHING
    assert second.asked == []


def test_while_one_is_away_the_next_goes_on(tmp_path: Path) -> None:
    """Only when nobody can propose the run waits: as long as one of them is merely away."""
    chain = ChainProposer([FakeProposer("a", Reply.AWAY, Reply.AWAY), FakeProposer("b", Reply.OK, Reply.DRY)])
    ask = request(make_worktree(tmp_path))
    assert (chain.work(ask, nobody).reply, chain.name) == (Reply.OK, "b")
    answer = chain.work(ask, nobody)
    assert (answer.reply, answer.detail) == (Reply.AWAY, "a: a speaks; b: b speaks")


def test_when_all_are_dry_it_says_why_of_each(tmp_path: Path) -> None:
    """So that the end of a run tells what ran out."""
    chain = ChainProposer([FakeProposer("a", Reply.DRY), FakeProposer("b", Reply.DRY)])
    answer = chain.work(request(make_worktree(tmp_path)), nobody)
    assert (answer.reply, answer.detail) == (Reply.DRY, "a: a speaks; b: b speaks")


def test_a_mend_is_asked_of_who_made_the_claim(tmp_path: Path) -> None:
    """Also after a restart, when this chain has not spoken yet; of an unknown name the one that spoke last."""
    first, second = FakeProposer("a", Reply.NOTHING), FakeProposer("b", Reply.OK)
    chain = ChainProposer([first, second])
    tree = make_worktree(tmp_path)
    chain.work(request(tree, Task.REPAIR, proposer="b"), nobody)
    chain.work(request(tree, Task.SPLIT, proposer="gone"), nobody)
    assert (first.asked, second.asked) == ([Task.SPLIT], [Task.REPAIR])


def test_one_that_can_be_used_is_enough() -> None:
    """A chain is unusable only when all of it is."""
    sound, broken = FakeProposer("a"), FakeProposer("b", problem="no key")
    assert ChainProposer([broken, sound]).find_problem() is None
    assert ChainProposer([broken, FakeProposer("c", problem="no program")]).find_problem() == "no key; no program"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("command", "CommandProposer"),
        ("playbook", "PlaybookProposer"),
        ("knobs", "KnobsProposer"),
        ("playbook, knobs", "ChainProposer"),
    ],
)
def test_the_settings_choose_by_name(tmp_path: Path, name: str, kind: str) -> None:
    """Several with commas are a chain."""
    chosen = choose_proposer(settings(agent=AgentSettings(name=name)), tmp_path)
    assert type(chosen).__name__ == kind


@pytest.mark.parametrize(("name", "says"), [("", "is empty"), (" , ", "is empty"), ("oracle", "'oracle'")])
def test_an_unknown_name_is_a_usage_error(tmp_path: Path, name: str, says: str) -> None:
    """With the known ones."""
    with pytest.raises(UsageError, match=says) as caught:
        choose_proposer(settings(agent=AgentSettings(name=name)), tmp_path)
    assert "knobs" in str(caught.value.mend)


def test_each_begins_its_share_of_the_rounds(tmp_path: Path) -> None:
    """Two with shares 3 and 1 take turns of four; the others follow when the first cannot propose."""
    links = [FakeProposer("a", *[Reply.OK] * 8), FakeProposer("b", *[Reply.OK] * 8), FakeProposer("c")]
    chain = ChainProposer(links, [3, 1, 0])
    ask = request(make_worktree(tmp_path))
    names = [chain.work(replace(ask, round=number), nobody).detail[0] for number in range(1, 9)]
    assert "".join(names) == "aaabaaab"
    only = ChainProposer([FakeProposer("a", Reply.OK), FakeProposer("b", Reply.OK)], [0, 2])
    assert only.work(ask, nobody).detail == "a speaks", "one alone has nobody to take turns with"

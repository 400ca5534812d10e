"""A hypothesis must point at evidence, at classes that exist, and not repeat what failed."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.trace import Trace
from kernel_opt.rules.ask import LONGEST_SENTENCE, UNTRIED, judge_hypothesis, judge_repeat
from tests.fakes import KEYS, config_class, hypothesis, trace

CLASSES = tuple(config_class(key) for key in KEYS)


def rule(claim: Hypothesis, shown: Trace | None = None, past: tuple[tuple[str, Ending], ...] = ()) -> str:
    refusal = judge_hypothesis(claim, shown or trace(), CLASSES, past)
    assert refusal is None or not refusal.cheat
    return refusal.rule if refusal else ""


def test_evidence_is_an_id_of_the_trace() -> None:
    """One known id is enough; none, or only unknown ones, are sent back with what was cited."""
    assert rule(hypothesis()) == ""
    assert rule(replace(hypothesis(), bottlenecks=("made-up", "h1"))) == ""
    for cited, said in (((), "it points at nothing;"), (("H1", "x"), "it points at H1, x;")):
        refusal = judge_hypothesis(replace(hypothesis(), bottlenecks=cited), trace(), CLASSES)
        assert refusal is not None
        assert refusal.rule == "no-evidence"
        assert refusal.why.startswith(said)


def test_without_a_trace_there_is_nothing_to_cite() -> None:
    """No trace, or one without hotspots, asks for no evidence."""
    bare = replace(hypothesis(), bottlenecks=())
    assert judge_hypothesis(bare, None, CLASSES) is None
    assert rule(bare, replace(trace(), hotspots=())) == ""


def test_targets_are_classes() -> None:
    """Known keys pass; for an unknown one the known are told."""
    assert rule(hypothesis(targets=KEYS)) == ""
    refusal = judge_hypothesis(hypothesis(targets=(KEYS[0], "all")), trace(), CLASSES)
    assert refusal is not None
    assert refusal.rule == "unknown-class"
    assert "'all' is no config class" in refusal.why
    assert KEYS[1] in refusal.why


@pytest.mark.parametrize("sentence", ["", "  ", "x" * (LONGEST_SENTENCE + 1)])
def test_it_is_one_sentence(sentence: str) -> None:
    """Neither nothing nor a report."""
    assert rule(hypothesis(sentence)) == "no-hypothesis"
    assert rule(hypothesis("x" * LONGEST_SENTENCE)) == ""


@pytest.mark.parametrize("ending", Ending)
def test_a_failed_claim_comes_again_only_with_a_difference(ending: Ending) -> None:
    """The same sentence is sent back unless it says what differs; a claim that was never put to the test is free."""
    past = (("Tile  by 64", ending), ("other", Ending.TIE))
    assert rule(hypothesis("tile by 64"), past=past) == ("" if ending in UNTRIED else "repeat")
    assert rule(replace(hypothesis("tile by 64"), differs="best has moved"), past=past) == ""
    assert rule(hypothesis("tile by 32"), past=past) == ""


def test_the_last_ending_of_a_claim_counts() -> None:
    """A claim that tied first and was kept later is no dead end."""
    assert rule(hypothesis(), past=(("tile by 64", Ending.TIE), ("tile by 64", Ending.KEPT))) == ""
    assert rule(hypothesis(), past=(("tile by 64", Ending.KEPT), ("tile by 64", Ending.TIE))) == "repeat"


def test_the_same_code_is_not_measured_twice() -> None:
    """It names the round that had it; what the proposer says differs is told beside it."""
    tried = (("t1", "Round 1: proposed"), ("t2", "Round 2: repair"))
    assert judge_repeat("t3", tried, "") is None
    refusal = judge_repeat("t2", tried, "")
    assert refusal is not None
    assert (refusal.rule, refusal.why) == ("repeat", "the very same code was tried as Round 2: repair")
    refusal = judge_repeat("t2", tried, "wider loads")
    assert refusal is not None
    assert refusal.why.endswith("; wider loads")

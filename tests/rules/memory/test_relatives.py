"""Earlier tries are found by what they were about, and a dead end told in other order is still one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Trial
from kernel_opt.rules.ask import UNTRIED
from kernel_opt.rules.memory.relatives import NEAREST, Claim, claim_of, find_relatives, judge_nearness
from tests.fakes import hypothesis

SENTENCE = "Prefetching the next tile of K hides the wait for vector memory in the main loop."
PAST = Trial(SENTENCE, Ending.TIE, round=4, bottlenecks=("h1",), files=("kernels/pa.py",), touched=("decode",))
FILES = ("kernels/pa.py",)


def test_words_without_endings_and_numbers_apart() -> None:
    """Filler words tell nothing; a number is what distinguishes two points of one idea."""
    claim = claim_of(hypothesis("Loading tiles of 64 with the wider loads"))
    assert claim.words == {"load", "tile", "wider"}
    assert claim.numbers == {"64"}
    assert claim_of(PAST).files == {"kernels/pa.py"}


def test_the_nearest_come_first() -> None:
    """By words, bottlenecks, functions and files; strangers are left out, and there are never many."""
    other = Trial("Pad the LDS rows against bank conflicts.", Ending.TIE, round=5, bottlenecks=("h9",))
    close = replace(PAST, sentence="Prefetch K two tiles ahead.", round=6)
    found = find_relatives(claim_of(hypothesis(SENTENCE), FILES, ("decode",)), (other, close, PAST))
    assert [one.trial.round for one in found] == [4, 6]
    assert found[0].nearness == pytest.approx(1.0)
    assert len(find_relatives(claim_of(hypothesis(SENTENCE)), (PAST,) * 9)) == NEAREST
    assert find_relatives(Claim(words=frozenset(), numbers=frozenset()), (replace(other, bottlenecks=()),)) == ()


def test_what_neither_tells_counts_neither_way() -> None:
    """Two claims without files are not strangers for that; two that say nothing at all are no kin."""
    bare = Trial(SENTENCE, Ending.TIE)
    assert find_relatives(claim_of(replace(hypothesis(SENTENCE), bottlenecks=())), (bare,))[0].nearness == 1.0
    assert find_relatives(claim_of(replace(hypothesis(""), bottlenecks=())), (Trial("", Ending.TIE),)) == ()


@pytest.mark.parametrize("ending", Ending)
def test_nearly_a_dead_end_is_sent_back(ending: Ending) -> None:
    """In another order of words, with the round and its ending named; unless it held, or was never put to the test."""
    again = hypothesis("In the main loop, prefetching the next tile of K hides the wait for the vector memory.")
    refusal = judge_nearness(again, FILES, (replace(PAST, ending=ending),))
    if ending in UNTRIED:
        assert refusal is None
        return
    assert refusal is not None
    assert (refusal.rule, refusal.cheat) == ("repeat", False)
    assert "round 4" in refusal.why
    assert ending.value in refusal.why


def test_what_differs_is_another_claim() -> None:
    """A reason, another file, another number, other words."""
    for claim, files in (
        (replace(hypothesis(SENTENCE), differs="best has another tile now"), FILES),
        (hypothesis(SENTENCE), ("kernels/reduce.py",)),
        (hypothesis(SENTENCE + " Unrolled by 4."), FILES),
        (hypothesis(SENTENCE.replace("Prefetching", "Dropping").replace("hides", "causes")), FILES),
        (hypothesis("64"), FILES),
    ):
        assert judge_nearness(claim, files, (PAST, Trial("32", Ending.TIE, files=FILES))) is None
    assert judge_nearness(hypothesis(SENTENCE), FILES, (PAST,)) is not None


@given(st.text(max_size=80), st.text(max_size=80))
def test_nearness_goes_both_ways(one: str, other: str) -> None:
    """And never leaves 0 to 1."""
    there = find_relatives(claim_of(Trial(one, Ending.TIE)), (Trial(other, Ending.TIE),))
    back = find_relatives(claim_of(Trial(other, Ending.TIE)), (Trial(one, Ending.TIE),))
    assert [a.nearness for a in there] == [b.nearness for b in back]
    assert all(0 < a.nearness <= 1 for a in there)

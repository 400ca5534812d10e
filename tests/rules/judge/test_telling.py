"""Promises of the verdict's words and figures."""

import msgspec
import pytest

from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.verdict import Condition, Outcome, Term, Verdict
from kernel_opt.rules.judge.telling import detectable_pct
from tests.judging import Card, classes_of, play

FIRST = ("block_size=0",)


@pytest.mark.parametrize(
    ("gains", "word"),
    [({0: 0.05}, "Better"), ({0: -0.05}, "Worse"), ({}, "Tie"), ({0: 0.05, 1: -0.07}, "Diverging")],
)
def test_the_sentence_begins_with_the_outcome_and_names_the_target(gains: dict[int, float], word: str) -> None:
    """One plain sentence: what, on what, how much, after how many pairs."""
    verdict, _ = play(Card(classes_of(3), gains, [0.004] * 3, seed=2), FIRST)
    assert verdict.sentence.startswith(f"{word}: GPU time of block_size=0 changed by ")
    assert verdict.sentence.endswith(".")
    assert f"{verdict.runs} run" in verdict.sentence


def test_many_classes_are_not_all_listed() -> None:
    """A sentence stays a sentence with forty losing classes."""
    gains = {0: 0.08} | dict.fromkeys(range(1, 40), -0.08)
    verdict, _ = play(Card(classes_of(40), gains, [0.004] * 40), FIRST)
    assert verdict.outcome is Outcome.DIVERGING
    assert "and 36 more clearly slower" in verdict.sentence


def test_only_a_keep_or_a_split_records_a_gain() -> None:
    """A tie that happened to look faster gained nothing."""
    for seed in range(8):
        verdict, _ = play(Card(classes_of(2), {}, [0.01] * 2, seed), FIRST)
        assert verdict.gain_pct == 0


def test_every_class_has_its_verdict() -> None:
    """Each class is told with ratio, interval, pairs and what it could have shown."""
    verdict, _ = play(Card(classes_of(3), dict.fromkeys(range(3), 0.04), [0.004] * 3), ())
    assert [one.key for one in verdict.classes] == ["block_size=0", "block_size=1", "block_size=2"]
    for one in verdict.classes:
        assert one.ratio is not None
        assert one.interval is not None
        assert one.interval[0] < one.ratio < one.interval[1]
        assert one.pairs == verdict.pairs
        assert one.detectable_pct is not None


def test_a_class_may_lose_without_being_the_target() -> None:
    """A class worse by its own pairs is called so."""
    verdict, _ = play(Card(classes_of(2), {0: 0.06, 1: -0.06}, [0.004] * 2), FIRST)
    assert [one.outcome for one in verdict.classes] == [Outcome.BETTER, Outcome.WORSE]


def test_a_steady_class_is_a_tie() -> None:
    """A class shown to be unchanged is a tie, one that is merely unknown is unclear."""
    limits = JudgeLimits(max_redos=0)
    verdict, _ = play(Card(classes_of(3), {0: 0.05}, [0.004, 0.002, 0.2]), FIRST, limits)
    assert [one.outcome for one in verdict.classes[1:]] == [Outcome.TIE, Outcome.UNCLEAR]


def test_detectable_effect_falls_with_the_root_of_the_pairs() -> None:
    """Four times the pairs show half the effect, at any noise."""
    assert detectable_pct(0.01, 16) == pytest.approx(1.4)
    assert detectable_pct(0.01, 4) == pytest.approx(2.8)


def test_a_verdict_survives_the_journal() -> None:
    """Written and read again it is the same."""
    verdict, _ = play(Card(classes_of(3), {0: 0.05, 1: -0.07}, [0.004] * 3), FIRST)
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


def test_a_condition_reads_like_a_dispatch() -> None:
    """Terms are joined by and, lists stand in brackets."""
    terms = (
        Term(column="block_size", operator="in", values=("16", "64")),
        Term(column="mtp", operator="==", values=("1",)),
    )
    assert Condition(terms=terms).text == "block_size in (16, 64) and mtp == 1"

"""Promises of a comparison: gain and loss are shown alike, and nothing is shown where nothing is."""

import math

import pytest

from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.comparison import next_comparison
from kernel_opt.rules.judge.headline import HEADLINE_PAIRS
from tests.judging import A, B, Card, classes_of, flat, measured, obey


def compare(
    gains: dict[int, float], classes: int = 2, sd: float = 0.004, seed: int = 1, **limits: object
) -> tuple[Verdict, Measurement]:
    """Measure two builds until there is a verdict."""
    card = Card(classes_of(classes), gains, [sd] * classes, seed)
    measurement = Measurement(best="a", candidate="b")
    for _ in range(200):
        answer = next_comparison(measurement, card.classes, JudgeLimits(**limits))
        if isinstance(answer, Verdict):
            return answer, measurement
        measurement = obey(card, measurement, answer)
    raise AssertionError("it never came to a verdict")


@pytest.mark.parametrize(
    ("gains", "outcome"),
    [
        ({0: 0.1, 1: 0.1}, Outcome.BETTER),
        ({0: -0.1, 1: -0.1}, Outcome.WORSE),
        ({0: 0.0, 1: 0.0}, Outcome.TIE),
        ({0: 0.2, 1: -0.05}, Outcome.DIVERGING),
        ({0: 0.05, 1: -0.2}, Outcome.DIVERGING),
    ],
)
def test_the_verdict_is_what_the_builds_are(gains: dict[int, float], outcome: Outcome) -> None:
    """Faster, slower, the same, or both: never before the pairs of a headline are there."""
    verdict, measurement = compare(gains)
    assert verdict.outcome is outcome
    assert verdict.pairs >= HEADLINE_PAIRS
    assert verdict.runs == len(measurement.runs)
    assert verdict.overall_ratio == pytest.approx(math.exp(-sum(gains.values()) / 2), rel=0.01)


def test_a_loss_of_one_class_among_many_is_worse_though_the_whole_is_the_same() -> None:
    """The overall number never overrides a class, and the class is named."""
    verdict, _ = compare({5: -0.06}, classes=8)
    assert verdict.outcome is Outcome.WORSE
    assert "block_size=5 clearly slower" in verdict.sentence
    assert [one.key for one in verdict.classes if one.outcome is Outcome.WORSE] == ["block_size=5"]


def test_a_gain_of_one_class_among_many_is_better() -> None:
    """The same the other way round."""
    verdict, _ = compare({5: 0.06}, classes=8)
    assert verdict.outcome is Outcome.BETTER


def test_what_is_not_settled_is_measured_on_and_said_unclear_in_the_end() -> None:
    """Noise far above the effect: all pairs are spent, and nothing is claimed."""
    verdict, _ = compare({0: 0.01, 1: 0.01}, sd=0.08)
    assert verdict.outcome is Outcome.UNCLEAR
    assert verdict.pairs == JudgeLimits().max_pairs


def test_two_that_are_the_same_are_rarely_told_apart() -> None:
    """Of fifty comparisons of a build with itself, with eight classes each, at most two say otherwise."""
    told = [compare({}, classes=8, sd=0.006, seed=seed)[0].outcome for seed in range(50)]
    assert sum(outcome not in {Outcome.TIE, Outcome.UNCLEAR} for outcome in told) <= 2


def test_a_cap_below_the_headline_is_kept() -> None:
    """Whoever allows two pairs gets a verdict after two."""
    verdict, _ = compare({0: 0.2, 1: 0.2}, max_pairs=2)
    assert verdict.pairs == 2


def test_a_disturbed_run_is_redone_and_an_unreadable_one_is_no_number() -> None:
    """As for every measurement of the judge."""
    answer = next_comparison(measured(flat(B, 100, disturbed="a neighbour")), classes_of(1), JudgeLimits())
    assert isinstance(answer, Redo)
    verdict = next_comparison(measured(flat(B, math.nan), flat(A, 100)), classes_of(1), JudgeLimits())
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.UNCLEAR


def test_the_first_run_is_of_what_is_new() -> None:
    """As in a round."""
    first = next_comparison(Measurement(best="a", candidate="b"), classes_of(1), JudgeLimits())
    assert isinstance(first, RunArm)
    assert first.arm is B

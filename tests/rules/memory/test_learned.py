"""A prediction is held against what was measured, and the run keeps count of how good its predictions are."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction
from kernel_opt.model.lesson import Finding
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Trial
from kernel_opt.model.verdict import Outcome
from kernel_opt.rules.memory.learned import Calibration, calibrate, find_finding, predicted_gain_pct
from tests.fakes import hypothesis, verdict


def claim(direction: Direction = Direction.FASTER, size_pct: float | None = None) -> Hypothesis:
    return replace(hypothesis(), prediction=Prediction(direction=direction, size_pct=size_pct))


@pytest.mark.parametrize(
    ("outcome", "wanted", "finding"),
    [
        (Outcome.BETTER, claim(), Finding.CONFIRMED),
        (Outcome.WORSE, claim(), Finding.REFUTED),
        (Outcome.TIE, claim(), Finding.REFUTED),
        (Outcome.TIE, claim(Direction.SAME), Finding.CONFIRMED),
        (Outcome.WORSE, claim(Direction.SLOWER), Finding.CONFIRMED),
        (Outcome.UNCLEAR, claim(), Finding.INCONCLUSIVE),
        (Outcome.DIVERGING, claim(), Finding.INCONCLUSIVE),
    ],
)
def test_what_became_of_a_prediction(outcome: Outcome, wanted: Hypothesis, finding: Finding) -> None:
    """Direction against outcome; what is unclear teaches nothing."""
    assert find_finding(wanted, verdict(outcome)) is finding


def test_a_tie_refutes_only_what_it_rules_out() -> None:
    """A predicted 0.2 % may well be inside a tie; without an interval nothing is ruled out, without numbers neither."""
    tie = verdict(Outcome.TIE)
    assert find_finding(claim(size_pct=5.0), tie) is Finding.REFUTED
    assert find_finding(claim(size_pct=0.2), tie) is Finding.INCONCLUSIVE
    assert find_finding(claim(size_pct=5.0), replace(tie, target_interval=None)) is Finding.INCONCLUSIVE
    assert find_finding(None, tie) is find_finding(claim(), None) is Finding.INCONCLUSIVE


@pytest.mark.parametrize(
    ("wanted", "gain_pct"),
    [
        (Prediction(), None),
        (Prediction(size_pct=5.0), 5.0),
        (Prediction(direction=Direction.SLOWER, size_pct=5.0), -5.0),
        (Prediction(direction=Direction.SAME, size_pct=5.0), 0.0),
        (Prediction(size_pct=-5.0), 5.0),
    ],
)
def test_a_predicted_gain_is_positive_when_faster(wanted: Prediction, gain_pct: float | None) -> None:
    """Whatever sign the proposer wrote: the direction is what it says it is."""
    assert predicted_gain_pct(wanted) == gain_pct


def test_calibration_counts_what_was_measured() -> None:
    """Rounds without numbers say nothing of predictions; the factor is the median over those that named a size."""
    assert calibrate(()) == Calibration()
    trials = (
        Trial("a", Ending.KEPT, finding=Finding.CONFIRMED, predicted_pct=4.0, gain_pct=2.0),
        Trial("b", Ending.REGRESSION, finding=Finding.REFUTED, predicted_pct=4.0, gain_pct=-4.0),
        Trial("c", Ending.TIE, finding=Finding.REFUTED, predicted_pct=10.0, gain_pct=1.0),
        Trial("d", Ending.UNCLEAR, gain_pct=0.1),
        Trial("e", Ending.TIE, finding=Finding.CONFIRMED, predicted_pct=0.0, gain_pct=0.0),
        Trial("f", Ending.FAILED, predicted_pct=9.0),
    )
    found = calibrate(trials)
    assert (found.confirmed, found.refuted, found.inconclusive, found.total) == (2, 2, 1, 5)
    assert (found.sized, found.factor) == (3, 0.1)

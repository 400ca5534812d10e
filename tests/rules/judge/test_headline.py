"""Promises of the headline: six fresh pairs, nothing summed, nothing shrunk, nothing invented."""

import math

import pytest
from msgspec.structs import replace

from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.headline import HEADLINE_PAIRS, find_loss, remeasure_headline
from tests.fakes import verdict as a_verdict
from tests.judging import A, B, Card, classes_of, flat, measured, obey


def headline(gain: float, sd: float = 0.005) -> tuple[Verdict, Measurement]:
    """Measure baseline against best until the judge has enough."""
    card = Card(classes_of(2), {0: gain, 1: gain}, [sd, sd])
    measurement = Measurement(best="baseline", candidate="best")
    for _ in range(60):
        answer = remeasure_headline(measurement, card.classes)
        if isinstance(answer, Verdict):
            return answer, measurement
        measurement = obey(card, measurement, answer)
    raise AssertionError("the headline never came")


@pytest.mark.parametrize(("gain", "outcome"), [(0.3, Outcome.BETTER), (-0.1, Outcome.WORSE), (0.0, Outcome.UNCLEAR)])
def test_the_headline_is_what_six_pairs_show(gain: float, outcome: Outcome) -> None:
    """The gain is told as measured, with its interval, and a loss is told as well."""
    verdict, measurement = headline(gain)
    assert verdict.outcome is outcome
    assert verdict.pairs == HEADLINE_PAIRS
    assert len(measurement.runs) >= 2 * HEADLINE_PAIRS
    assert verdict.overall_ratio == pytest.approx(math.exp(-gain), rel=0.02)
    assert verdict.gain_pct == pytest.approx(max(0.0, 100 * (1 - math.exp(-gain))), abs=1)


def test_an_unreadable_run_makes_no_headline() -> None:
    """A headline without numbers is unclear."""
    answer = remeasure_headline(measured(flat(B, math.nan), flat(A, 100)), classes_of(1))
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR


def test_a_disturbed_run_is_redone_for_the_headline_too() -> None:
    """The one figure that is claimed gets no disturbed runs."""
    answer = remeasure_headline(measured(flat(B, 100, disturbed="a neighbour")), classes_of(1))
    assert not isinstance(answer, Verdict)
    assert "neighbour" in (answer.why if hasattr(answer, "why") else "")


@pytest.mark.parametrize(
    ("claimed", "interval", "holds"),
    [
        (0.5, (0.48, 0.52), True),
        (0.5, (0.65, 0.68), True),
        (0.5, (0.74, 0.76), False),
        (0.5, (0.6, 1.2), True),
        (0.5, (0.99, 1.01), False),
        (0.98, (0.985, 1.0), True),
        (0.98, (1.02, 1.05), False),
        (1.003, (1.0, 1.005), True),
        (0.5, None, True),
    ],
)
def test_what_was_kept_holds_while_half_of_it_may_be_left(
    claimed: float, interval: tuple[float, float] | None, holds: bool
) -> None:
    """Keeps were chosen for looking good; what cannot be told just now is no reason to give anything up."""
    told = replace(a_verdict(Outcome.BETTER), overall_interval=interval)
    why = find_loss(told, claimed, JudgeLimits())
    assert (why == "") is holds
    assert holds or why.startswith(f"kept as {claimed:.3g} times the baseline's time")

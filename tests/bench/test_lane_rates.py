"""What the benchmark of lanes makes of a journal: a rate that no chance of how rounds lie to each other decides."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lanes import Rate, rate_of
from kernel_opt.model.facts import Entry, Purpose
from kernel_opt.model.round_facts import Dropped, Ending, Kept
from tests import fakes

ROUND_S = 300.0
"""Of them the card is held for as long as the fake measurement tells."""
HELD_S = fakes.measured(Purpose.ROUND).gpu_s
ROUNDS = 6


def end_at(at_s: float, ending: Ending = Ending.REGRESSION) -> list[Entry]:
    """A round that was measured and dropped just now."""
    return [
        fakes.entry(fakes.measured(Purpose.ROUND), at_s=at_s),
        fakes.entry(Dropped(ending=ending, why="slower"), at_s=at_s),
    ]


def play(phases_s: list[float], late_s: float = 0.0) -> Rate:
    """Lanes whose rounds begin so much after each other; the first one's third round ends late."""
    ends = sorted(
        phase_s + number * ROUND_S + (late_s if lane == 0 and number >= 3 else 0.0)
        for lane, phase_s in enumerate(phases_s)
        for number in range(1, ROUNDS + 1)
    )
    return rate_of(len(phases_s), [entry for at_s in ends for entry in end_at(at_s)])


@given(phases_s=st.lists(st.floats(0.0, ROUND_S - 1.0), min_size=1, max_size=8))
def test_rounds_that_are_alike_are_counted_alike(phases_s: list[float]) -> None:
    """Together or one after the other: so many lanes are so many times as fast, and hold their cards as long."""
    rate = play(phases_s)
    assert rate.rounds == (ROUNDS - 2) * len(phases_s)
    assert math.isclose(rate.per_hour, len(phases_s) * 3600 / ROUND_S)
    assert math.isclose(rate.busy_pct, 100 * HELD_S / ROUND_S)


def test_a_round_that_is_late_costs_its_own_lane() -> None:
    """Not as if all the others had waited for it, which a count of whole waves would tell."""
    rate, late = play([0.0] * 8), play([0.0] * 8, late_s=ROUND_S / 2)
    assert late.wall_s - rate.wall_s == pytest.approx(ROUND_S / 2 / 8)


def test_runs_whose_rounds_are_unlike_are_refused() -> None:
    """A gain that noise has made is formatted and measured once more: it would be told as a lane that waits."""
    alike = [entry for number in range(9) for entry in end_at(number * ROUND_S)]
    with pytest.raises(ValueError, match="round 0 ended as Dropped"):
        rate_of(2, [*alike, *end_at(9 * ROUND_S, Ending.TIE)])
    kept = fakes.entry(Kept(commit="c", candidate="d", why="faster"), at_s=9 * ROUND_S)
    with pytest.raises(ValueError, match="do not compare, round 0 ended as Kept"):
        rate_of(2, [*alike, kept])
    with pytest.raises(ValueError, match="only 4 rounds"):
        rate_of(2, alike[:8])

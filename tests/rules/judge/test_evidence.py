"""Promises of the evidence: what pairs say, and what they never say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.judge.evidence import (
    anchored_loss_evidence,
    clipped_mean,
    estimate,
    futility_evidence,
    gain_evidence,
    loss_evidence,
    side_effect_evidence,
)
from kernel_opt.rules.judge.series import GRID, Series

LEAST = 0.01
times = st.lists(st.floats(4.0, 5.0), min_size=2, max_size=12)


def series(gaps: list[float], sd: float = 0.01, **more: float) -> Series:
    """Return best at ln 0 and the candidate faster by these gaps."""
    return Series(best=(0.0,) * len(gaps), candidate=tuple(-gap for gap in gaps), bank_sd=sd, **more)


def test_the_grid_is_symmetric() -> None:
    """Gains and losses are weighed alike."""
    assert list(GRID) == [-effect for effect in reversed(GRID)]


@given(times)
def test_identical_series_never_speak_for_a_gain(values: list[float]) -> None:
    """The same numbers twice are no evidence for better or worse, however few or wild."""
    same = Series(best=tuple(values), candidate=tuple(values), bank_sd=0.0008)
    assert gain_evidence(same.likelihoods, LEAST) < 0
    assert loss_evidence(same.likelihoods, LEAST) < 0


@given(times, times)
def test_evidence_is_symmetric_under_swapping(best: list[float], candidate: list[float]) -> None:
    """What speaks for a gain speaks for the same loss with the builds exchanged."""
    forth = Series(tuple(best), tuple(candidate), bank_sd=0.01)
    back = Series(tuple(candidate), tuple(best), bank_sd=0.01)
    assert gain_evidence(forth.likelihoods, LEAST) == pytest.approx(loss_evidence(back.likelihoods, LEAST), abs=1e-6)


@given(times, times, st.floats(-10, 10))
def test_evidence_does_not_depend_on_the_unit(best: list[float], candidate: list[float], shift: float) -> None:
    """Nanoseconds or seconds: a constant factor changes nothing."""
    plain = Series(tuple(best), tuple(candidate), bank_sd=0.01, level=4.5)
    moved = Series(
        tuple(value + shift for value in best), tuple(value + shift for value in candidate), 0.01, level=4.5 + shift
    )
    for one, other in zip(plain.likelihoods, moved.likelihoods, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)
    for one, other in zip(plain.anchored_likelihoods, moved.anchored_likelihoods, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_more_pairs_of_the_same_gain_are_more_evidence() -> None:
    """Evidence grows with every pair that says the same."""
    found = [gain_evidence(series([0.02] * pairs).likelihoods, LEAST) for pairs in range(1, 10)]
    assert found == sorted(found)
    assert found[-1] > math.log(50)


def test_no_gain_becomes_futile_with_pairs() -> None:
    """Pairs without a difference rule out a worthwhile gain."""
    assert futility_evidence(series([0.0] * 8), LEAST) > math.log(20)


def test_a_side_effect_is_told_from_the_least_effect() -> None:
    """A loss of 5 % is blamed, one within 1 % is not."""
    assert side_effect_evidence(series([-0.05] * 4).likelihoods, LEAST) > math.log(20)
    assert side_effect_evidence(series([-0.008] * 4).likelihoods, LEAST) < 0


def test_one_run_held_up_does_not_rule_out_a_gain() -> None:
    """A single slow run against the bank may be the machine; two are the build."""
    once = Series(best=(), candidate=(0.10,), bank_sd=0.01, level=0.0)
    twice = Series(best=(), candidate=(0.10, 0.10), bank_sd=0.01, level=0.0)
    assert futility_evidence(once, LEAST) < math.log(60)
    assert futility_evidence(twice, LEAST) > math.log(60)


def test_the_bank_alone_can_make_a_slower_candidate_futile() -> None:
    """Two runs 3 % behind a quiet bank are enough to stop."""
    two = Series(best=(), candidate=(0.03, 0.03), bank_sd=0.005, level=0.0, level_error=0.002)
    assert futility_evidence(two, LEAST) > math.log(60)


@pytest.mark.parametrize("loss", [0.06, 0.3, 0.7, 2.0])
def test_a_heavy_loss_ends_after_two_runs_however_heavy(loss: float) -> None:
    """A build many times slower is futile and a loss at once, though no effect of the grid is near."""
    two = Series(best=(), candidate=(loss, loss + 0.003), bank_sd=0.01, level=0.0)
    assert futility_evidence(two, LEAST) > math.log(60)
    assert anchored_loss_evidence(two, LEAST) > math.log(50)


@pytest.mark.parametrize("gain", [0.1, 0.4, 1.0])
def test_a_great_gain_shows_in_three_pairs(gain: float) -> None:
    """Twice or ten times the speed needs no more pairs than a few percent."""
    assert gain_evidence(series([gain, gain + 0.01, gain - 0.01]).likelihoods, LEAST) > math.log(50)


def test_without_a_level_only_the_pairs_speak() -> None:
    """No bank, no anchor."""
    plain = series([0.01, 0.02])
    assert plain.anchored_likelihoods == plain.likelihoods


def test_pairs_take_over_a_scale_that_is_a_guess() -> None:
    """Pairs far wilder than the bank widen the noise at once, and more so when there is no bank."""
    gaps = [0.2, -0.2, 0.15, -0.1]
    assert series(gaps, bank_weight=2).sd >= series(gaps).sd
    assert series(gaps).sd > 5 * 0.01
    assert series(gaps, bank_weight=2).freedom == 5


def test_no_pair_leaves_the_bank_scale() -> None:
    """Before the first pair the bank's noise is all there is."""
    assert series([]).sd == 0.01


def test_estimate_lies_within_its_interval() -> None:
    """The gain is the clipped mean, and the interval holds it."""
    found = estimate(series([0.02, 0.03, 0.01]))
    assert found is not None
    assert found.interval[0] < found.gain < found.interval[1]
    assert found.gain == pytest.approx(0.02)


def test_estimate_against_the_bank_before_the_first_pair() -> None:
    """A run of the candidate alone is compared with the bank, with the bank's doubt."""
    found = estimate(Series(best=(), candidate=(0.05,), bank_sd=0.01, level=0.0))
    assert found is not None
    assert found.gain == pytest.approx(-0.05)


@pytest.mark.parametrize("candidate", [(), (0.05,)])
def test_no_estimate_without_anything_to_compare(candidate: tuple[float, ...]) -> None:
    """Without pair and bank nothing is known."""
    assert estimate(Series(best=(), candidate=candidate, bank_sd=0.01)) is None


def test_clipped_mean_holds_a_wild_pair_at_two_deviations() -> None:
    """One pair that was held up moves the mean by a bounded amount."""
    assert clipped_mean([0.0] * 9 + [5.0], 0.01) == pytest.approx(0.002)


def test_first_pairs_are_the_earlier_view() -> None:
    """A series can be seen as it stood after fewer pairs."""
    assert series([0.01, 0.02, 0.03]).first(2).differences == (0.01, 0.02)


def test_absurd_times_do_not_overflow() -> None:
    """A hundred pairs with a factor of e to the 50 between them still have a likelihood."""
    absurd = series([50.0, -50.0] * 60, sd=0.0008, bank_weight=12)
    quiet = Series((0.0,) * 120, (-50.0,) * 120, 0.0008)
    assert all(math.isfinite(value) for one in (absurd, quiet) for value in one.likelihoods)

"""Promises of the small statistics."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.judge.stats import (
    clip,
    log_sum_exp,
    mean,
    mean_log,
    median,
    pct_of,
    ratio_of,
    robust_sd,
    shrink,
    t4_sd,
    t_quantile_975,
)

numbers = st.floats(-1e3, 1e3)
series = st.lists(numbers, min_size=1, max_size=30)


def test_median_takes_the_middle_or_the_mean_of_two() -> None:
    """The median of an odd and an even number of values is right."""
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 3, 2]) == 2.5


@given(series)
def test_median_and_mean_lie_within_the_values(values: list[float]) -> None:
    """No middle is outside of what was measured."""
    for middle in (median(values), mean(values)):
        assert min(values) - 1e-9 <= middle <= max(values) + 1e-9


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_time_is_none(bad: float) -> None:
    """A failure is never a number: one bad row makes the mean unknown."""
    assert mean_log([1.0, bad]) is None


def test_no_rows_have_no_mean() -> None:
    """Nothing measured is unknown, not zero."""
    assert mean_log([]) is None


def test_mean_log_is_the_geometric_mean() -> None:
    """The class time is the geometric mean of its rows."""
    assert math.exp(mean_log([10.0, 1000.0]) or 0) == pytest.approx(100)


def test_robust_scales_ignore_one_wild_value() -> None:
    """One run that was held up does not widen the noise by much."""
    calm = [0.01, -0.012, 0.008, -0.009, 0.011, -0.01, 0.009, -0.011]
    for scale in (robust_sd, t4_sd):
        assert scale([*calm, 3.0]) < 2 * scale(calm)


def test_scale_of_equal_values_is_zero() -> None:
    """Identical runs have no spread, and that divides by nothing."""
    assert t4_sd([0.0, 0.0, 0.0]) == 0
    assert robust_sd([0.0, 0.0]) == 0


@given(st.lists(st.floats(0.001, 10), min_size=3, max_size=20), st.floats(0.1, 10))
def test_t4_scale_grows_with_the_unit(values: list[float], factor: float) -> None:
    """Twice the deviations are twice the scale."""
    assert t4_sd([value * factor for value in values]) == pytest.approx(factor * t4_sd(values), rel=1e-6)


def test_clip_pulls_in_what_is_far() -> None:
    """Values further than the reach come to its edge, others stay."""
    assert clip([-5, 0.5, 5], 0, 1) == [-1, 0.5, 1]


def test_log_sum_exp_neither_overflows_nor_underflows() -> None:
    """Large and tiny exponents are summed."""
    assert log_sum_exp([1000.0, 1000.0]) == pytest.approx(1000 + math.log(2))
    assert log_sum_exp([-1000.0, -1000.0]) == pytest.approx(-1000 + math.log(2))


@pytest.mark.parametrize(("freedom", "point"), [(8, 2.306), (12, 2.179), (27, 2.052), (1e9, 1.960)])
def test_t_quantile_matches_the_table(freedom: float, point: float) -> None:
    """The interval is as wide as Student's table says."""
    assert t_quantile_975(freedom) == pytest.approx(point, rel=3e-3)


def test_shrinking_takes_off_the_winners_luck() -> None:
    """A large gain hardly shrinks, one within its error vanishes, none stays none."""
    assert shrink(0.05, 0.003) == pytest.approx(0.05, rel=0.01)
    assert shrink(0.01, 0.01) == 0
    assert shrink(0.0, 0.01) == 0


@given(st.floats(-0.5, 0.5))
def test_ratio_and_percent_agree(gain: float) -> None:
    """A ratio of 0.9 is 10 % of time saved."""
    assert pct_of(gain) == pytest.approx(100 * (1 - ratio_of(gain)))

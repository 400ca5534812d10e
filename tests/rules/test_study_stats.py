"""Exact tests and intervals for few pairs."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.study_stats import compare, estimate, flip_p, sign_p

# Multiples of a quarter: their sums are exact, so that equal sums are equal here as in the tests' own counting.
VALUES = st.lists(st.integers(-400, 400).map(lambda number: number / 4), min_size=1, max_size=8)


def flips(values: list[float]) -> list[float]:
    """The sum for every way to set the signs."""
    return [math.fsum(s * v for s, v in zip(signs, values, strict=True)) for signs in _signs(len(values))]


def _signs(count: int) -> list[tuple[int, ...]]:
    return list(itertools.product((1, -1), repeat=count))


@given(VALUES)
def test_the_test_counts_every_way_to_set_the_signs(values: list[float]) -> None:
    """Its p is the share whose sum is as far from 0 as the one found."""
    sums = flips(values)
    expected = sum(abs(one) >= abs(math.fsum(values)) for one in sums) / len(sums)
    assert flip_p(values) == expected


@given(VALUES)
def test_the_interval_is_the_test_read_backwards(values: list[float]) -> None:
    """A shift lies outside exactly when the test rejects it at the interval's own level."""
    found = estimate(values)
    if found.low is None or found.high is None or found.confidence_pct is None:
        assert len(values) == 1
        return
    assert found.low <= found.high
    level = 1 - found.confidence_pct / 100
    for shift in (found.low - 0.125, found.high + 0.125, 0.0):
        is_outside = not found.low <= shift <= found.high
        assert is_outside == (flip_p([value - shift for value in values]) <= level + 1e-12)


@given(VALUES, st.integers(-40, 40), st.sampled_from([0.25, 2.0, 8.0]))
def test_scale_and_origin_do_not_matter(values: list[float], shift: int, scale: float) -> None:
    """The interval moves and grows with the values."""
    one, other = estimate(values), estimate([scale * value + shift for value in values])
    assert other.value == pytest.approx(scale * one.value + shift)
    if one.low is not None and one.high is not None:
        assert (other.low, other.high) == pytest.approx((scale * one.low + shift, scale * one.high + shift))


@pytest.mark.parametrize(("count", "confidence_pct"), [(2, 50.0), (5, 93.75), (6, 96.875), (10, 95.1171875)])
def test_confidence_is_said_as_it_is(count: int, confidence_pct: float) -> None:
    """From six values on 95 %; fewer cannot give that, and say what they give."""
    found = estimate([float(number) for number in range(count)])
    assert found.confidence_pct == pytest.approx(confidence_pct)


def test_one_value_has_no_interval() -> None:
    """It says nothing about others."""
    found = estimate([3.0])
    assert (found.value, found.low, found.high, found.confidence_pct) == (3.0, None, None, None)


@pytest.mark.parametrize(
    ("ahead", "behind", "p"),
    [(0, 0, 1.0), (3, 3, 1.0), (6, 0, 2 / 64), (0, 6, 2 / 64), (5, 1, 2 * 7 / 64), (2, 1, 1.0)],
)
def test_counting_who_is_ahead(ahead: int, behind: int, p: float) -> None:
    """As fair coins would fall."""
    assert sign_p(ahead, behind) == pytest.approx(p)


def test_pairs_that_all_gain() -> None:
    """Six of six: the smallest p that six pairs can give; ties take no side."""
    found = compare([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert (found.pairs, found.ahead, found.behind, found.p, found.sign_p) == (6, 6, 0, 2 / 64, 2 / 64)
    assert found.difference.value == pytest.approx(0.35)
    assert (found.difference.low, found.difference.high) == (0.1, 0.6)
    tied = compare([0.0, 0.0, 0.5, -0.5])
    assert (tied.ahead, tied.behind, tied.sign_p, tied.p) == (1, 1, 1.0, 1.0)


@given(VALUES)
def test_both_ways_round_alike(values: list[float]) -> None:
    """Which arm stands first changes the sign and nothing else."""
    one, other = compare(values), compare([-value for value in values])
    assert (one.p, one.sign_p, one.ahead, one.behind) == (other.p, other.sign_p, other.behind, other.ahead)
    assert one.difference.value == -other.difference.value

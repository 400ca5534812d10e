"""Promises of the summary of looks: a clock counts under load only, and what was not told stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.load import sum_up_looks


def look(use_pct: float | None, sclk_mhz: float | None = None, **rest: object) -> Reading:
    """One look at a card."""
    return Reading(card=0, source="fake", at_s=0.0, use_pct=use_pct, sclk_mhz=sclk_mhz, **rest)  # type: ignore[arg-type]


def test_no_look_says_nothing() -> None:
    """A run too short for a look has no summary."""
    assert sum_up_looks([]) is None


def test_the_clock_is_that_under_load() -> None:
    """The sleeping clock between two launches is left out; the middle of the others is the clock."""
    looks = [look(0, 131), look(97, 2100), look(99, 1990), look(100, 2050), look(49, 400), look(98)]
    found = sum_up_looks(looks)
    assert found is not None
    assert (found.looks, found.busiest) == (6, looks[3])
    assert (found.clock_mhz, found.lowest_mhz, found.highest_mhz) == (2050, 1990, 2100)


@pytest.mark.parametrize("looks", [[look(99, 2100)], [look(99, 2100), look(None, 2100)], [look(99), look(98, 0)]])
def test_one_loaded_look_tells_no_clock(looks: list[Reading]) -> None:
    """A single momentary sample, a load that is not known, a clock that is not told: no clock."""
    found = sum_up_looks(looks)
    assert found is not None
    assert (found.clock_mhz, found.lowest_mhz, found.highest_mhz) == (None, None, None)


@pytest.mark.parametrize(
    ("told", "expected"), [((None, None), None), ((None, False), False), ((False, True), True), ((True, None), True)]
)
def test_throttling_is_seen_in_any_look(told: tuple[bool | None, ...], expected: bool | None) -> None:
    """One look that saw it is enough; none that could tell is unknown."""
    found = sum_up_looks([look(1, throttled=one) for one in told])
    assert found is not None
    assert found.throttled is expected


@given(st.lists(st.tuples(st.none() | st.floats(0, 100), st.none() | st.floats(0, 3000)), min_size=1))
def test_no_unknown_becomes_a_number(figures: list[tuple[float | None, float | None]]) -> None:
    """Every figure of the summary was read from some look, and the range holds the clock."""
    found = sum_up_looks([look(use, clock, temperature_c=clock) for use, clock in figures])
    assert found is not None
    assert (found.hottest_c is None) == all(clock is None for _, clock in figures)
    if found.clock_mhz is not None:
        assert (found.lowest_mhz or 0) <= found.clock_mhz <= (found.highest_mhz or 0)

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel_opt.views.html.scale import Scale

VALUES = st.floats(-1e6, 1e6)


@given(VALUES, VALUES, VALUES, st.integers(1, 12))
def test_every_value_has_a_place_on_the_axis(low, high, value, most):
    """Inside between the ends, outside on an edge; labels are within, in order, and no more than wished."""
    assume(high - low > 1e-6)
    scale = Scale(low, high, 10, 110)
    assert 10 <= scale.at(value) <= 110
    assert scale.at(low) == 10
    assert scale.at(high) == 110
    ticks = scale.ticks(most)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= most + 1
    assert all(low - 1e-3 <= tick <= high + 1e-3 for tick in ticks)


def test_an_axis_without_length_has_no_labels():
    """One value lies in the middle."""
    scale = Scale(5, 5, 0, 100)
    assert scale.at(5) == 50
    assert scale.ticks(4) == []


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [(0, 10, 5, [0, 2, 4, 6, 8, 10]), (-1, 23, 3, [0, 10, 20]), (0, 1, 2, [0, 0.5, 1]), (7, 93, 1, [])],
)
def test_labels_are_round(low, high, most, ticks):
    """In steps of 1, 2 or 5 and their tens."""
    assert Scale(low, high, 0, 1).ticks(most) == ticks


def test_rounds_are_counted_in_whole_numbers():
    """Two rounds have no label at one and a half."""
    assert Scale(0, 2.08, 0, 1).ticks(9, 1) == [0, 1, 2]

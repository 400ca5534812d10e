"""Launches in order are cut into rows of equal calls, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.trace.call_pattern import Cut, cut_rows


def test_rows_of_one_launch_each():
    """Two rows of three calls of one launch fall apart where the shape changes."""
    assert cut_rows([1, 1, 1, 2, 2, 2], 2, 3) == (Cut(0, 1, 3), Cut(3, 1, 3))


def test_rows_of_the_same_shape_are_told_by_count():
    """Two rows that launch the very same are still two rows."""
    assert cut_rows([1] * 6, 2, 3) == (Cut(0, 1, 3), Cut(3, 1, 3))


def test_rows_may_launch_different_kernels_per_call():
    """One row launches main and reduce, the next main alone."""
    cuts = cut_rows([1, 9, 1, 9, 2, 2], 2, 2)
    assert cuts == (Cut(0, 2, 2), Cut(4, 1, 2))
    assert [cut.end for cut in cuts] == [4, 6]


def test_a_call_may_launch_the_same_twice():
    """When no other reading exists, a call of two equal launches is one."""
    assert cut_rows([1, 1, 1, 1, 2, 2], 2, 2) == (Cut(0, 2, 2), Cut(4, 1, 2))


def test_two_readings_are_none():
    """Six equal launches for two rows of one call each could be 1 + 5, 2 + 4, ...: nothing is guessed."""
    assert cut_rows([1] * 6, 2, 1) is None


def test_what_does_not_fall_into_rows():
    """A missing launch, too few, too many, no rows: no reading."""
    assert cut_rows([1, 1, 1, 2, 2], 2, 3) is None
    assert cut_rows([1, 2, 1, 2, 2, 1], 2, 3) is None
    assert cut_rows([], 1, 1) is None
    assert cut_rows([1], 0, 1) is None
    assert cut_rows([1], 1, 0) is None
    assert cut_rows([1] * 40, 1, 2) is None


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=6),
    st.integers(2, 5),
)
def test_whatever_is_cut_is_rows_of_equal_calls(calls, repeats):
    """A reading, when there is one, covers every launch and each row repeats one call."""
    launches = [launch for call in calls for _ in range(repeats) for launch in call]
    cuts = cut_rows(launches, len(calls), repeats)
    if cuts is not None:
        assert [cut.begin for cut in cuts] == [0, *(cut.end for cut in cuts[:-1])]
        assert cuts[-1].end == len(launches)
        for cut in cuts:
            row = launches[cut.begin : cut.end]
            assert row == row[: cut.per_call] * repeats


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(2, 6))
def test_calls_of_one_launch_are_always_found(shapes, repeats):
    """A benchmark with one launch per call is cut right whatever its shapes are."""
    launches = [shape for shape in shapes for _ in range(repeats)]
    expected = tuple(Cut(place * repeats, 1, repeats) for place in range(len(shapes)))
    assert cut_rows(launches, len(shapes), repeats) == expected

"""Promises of the measurement: redone runs are kept, marked, and counted once."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.measurement import Measurement
from tests.judging import A, B, flat, measured


def test_a_redo_takes_the_place_of_the_run_it_replaces() -> None:
    """The order of the plan stays, whatever is measured again and when."""
    runs = measured(flat(B, 1), flat(A, 2), flat(B, 3, redo_of=0), flat(A, 4))
    assert [index for index, _ in runs.slots()] == [2, 1, 3]


def test_a_redo_of_a_redo_is_the_same_place() -> None:
    """Measured a third time, it is still one place."""
    runs = measured(flat(B, 1), flat(B, 2, redo_of=0), flat(B, 3, redo_of=1), flat(A, 4))
    assert [index for index, _ in runs.slots()] == [2, 3]
    assert runs.redos_of(2) == 2
    assert runs.redos_of(1) == 1
    assert runs.redos_of(0) == 0


def test_a_redo_of_nothing_known_is_a_run_of_its_own() -> None:
    """A mark that points nowhere loses no run and does not loop."""
    runs = measured(flat(B, 1, redo_of=7), flat(A, 2, redo_of=1))
    assert [index for index, _ in runs.slots()] == [0, 1]
    assert runs.redos_of(0) == 0
    assert runs.redos_of(1) == 0


@given(st.lists(st.integers(0, 5) | st.none(), max_size=12))
def test_every_place_is_counted_once(marks: list[int | None]) -> None:
    """However redos point, no run is counted twice and the last run of a place counts."""
    runs = measured(*(flat(B, 1.0, redo_of=mark) for mark in marks))
    indexes = [index for index, _ in runs.slots()]
    assert len(set(indexes)) == len(indexes)
    assert len(indexes) <= len(marks)
    for index in range(len(marks)):
        assert runs.redos_of(index) <= index


def test_the_last_time_of_a_build_is_told() -> None:
    """Of runs that were traced; none of a build that was not."""
    runs = measured(flat(B, 1, gpu_whole_us=5.0), flat(B, 2, gpu_whole_us=6.0), flat(B, 3), flat(A, 1))
    assert runs.last_whole_us(B) == 6.0
    assert runs.last_whole_us(A) is None


def test_the_last_times_of_a_builds_rows_are_told() -> None:
    """Of the last run whose trace told them apart; nothing of a build that was never traced so."""
    runs = measured(flat(B, 1), flat(B, 2), flat(B, 3, gpu_us=()), flat(A, 1, gpu_us=()))
    assert runs.last_gpu_us(B) == {"0/0": 2}
    assert runs.last_gpu_us(A) == {}


def test_a_measurement_survives_the_journal() -> None:
    """Written and read again it is the same."""
    one = measured(flat(B, 1.5, clock_mhz=2100.0), flat(A, 2.5, disturbed="a neighbour"))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Measurement) == one

"""Other names, other data, other company: as right and as fast, or it was made for the benchmark alone."""

import pytest

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.cold_checks import check_alone, check_blind, check_disguised, check_heldout

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED


def table(**us: float) -> tuple[ConfigRow, ...]:
    return tuple(ConfigRow(key=key, values={}, us=one, results={"max_diff": "1e-7"}) for key, one in us.items())


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        (table(a=10.0, b=20.0), PASSED),
        (table(a=12.0, b=24.0), PASSED),
        (table(a=5.0, b=45.0), PASSED),
        (table(a=30.0, b=60.0), FAILED),
        (table(c=1.0), NOT_CHECKED),
    ],
)
def test_under_another_name_it_is_as_fast(rows: tuple[ConfigRow, ...], outcome: CheckOutcome) -> None:
    """As the geometric mean goes, with room for one short run."""
    assert check_disguised(table(a=10.0, b=20.0), rows, 25.0).outcome is outcome


def test_what_is_not_shown_is_not_slower_than_best() -> None:
    """The same rows, and no worse times."""
    best = table(a=10.0, b=20.0)
    assert check_heldout(best, table(b=10.0, a=5.0), 25.0).outcome is PASSED
    told = check_heldout(best, table(a=20.0, b=40.0), 25.0)
    assert (told.outcome, told.why) == (FAILED, "2 rows take 2 times as long as with best")
    assert check_heldout(best, table(a=1.0), 25.0).why == "its table has other rows than best's"


def alone(rows: tuple[ConfigRow, ...], columns: tuple[str, ...] = ("max_diff",), *, fixed: bool = True) -> CheckOutcome:
    return check_alone(table(a=10.0, b=20.0), rows, columns, deterministic=fixed).outcome


def test_a_row_alone_has_the_same_errors() -> None:
    """Bit for bit, as the table writes them."""
    other = ConfigRow(key="a", values={}, us=1.0, results={"max_diff": "2e-7"})
    assert alone(table(b=99.0)) is PASSED
    assert alone((*table(b=99.0), other)) is FAILED
    assert alone((other,), fixed=False) is NOT_CHECKED
    assert alone((other,), ("max_abs",)) is NOT_CHECKED
    assert alone(table(z=1.0)) is NOT_CHECKED


@pytest.mark.parametrize(
    ("found", "best", "outcome"),
    [
        ({"a": 1.1, "b": 2.2}, {}, PASSED),
        ({"a": 2.0, "b": 4.0}, {}, FAILED),
        ({"a": 2.0, "b": 4.0}, {"a": 20.0, "b": 30.0}, PASSED),
        ({"a": 1.0, "b": 4.4}, {"a": 5.0, "b": 5.0}, FAILED),
        ({"a": 0.8, "b": 4.2}, {"a": 10.0}, FAILED),
        ({"a": 1.0, "b": 2.9}, {"a": 10.0}, PASSED),
        ({"c": 1.0}, {}, NOT_CHECKED),
        ({"a": 0.0, "b": 2.0}, {}, FAILED),
    ],
)
def test_it_is_as_fast_where_no_answer_lies_about(
    found: dict[str, float], best: dict[str, float], outcome: CheckOutcome
) -> None:
    """Over all rows and in each; what best loses there as well is the run's, and what it gains is nobody's."""
    usual, known = {"a": 1.0, "b": 2.0}, {"a": 10.0, "b": 10.0}
    assert check_blind(usual, found, known, best, 25.0).outcome is outcome


@pytest.mark.parametrize(
    ("usual_us", "found_us", "outcome"),
    [
        (80.0, 80.0, PASSED),
        (80.0, 88.0, PASSED),
        (80.0, 96.0, FAILED),
        (80.0, 99.9, FAILED),
        (95.0, 99.9, PASSED),
        (95.0, 104.0, FAILED),
        (101.0, 103.0, PASSED),
    ],
)
def test_half_of_the_gain_is_there_as_well(usual_us: float, found_us: float, outcome: CheckOutcome) -> None:
    """A small gain that is taken from memory is within the room of a short run, but next to best none is left of it."""
    check = check_blind({"a": usual_us}, {"a": found_us}, {"a": 100.0}, {"a": 100.0}, 25.0)
    assert check.outcome is outcome, check

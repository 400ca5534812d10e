"""Precision is measured against the very first baseline: it cannot be given up in small steps."""

import pytest

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.precision import check_precision


def rows(*errors: str, name: str = "max_diff") -> tuple[ConfigRow, ...]:
    return tuple(ConfigRow(key=str(n), values={}, us=1.0, results={name: one}) for n, one in enumerate(errors))


BASELINE = rows("1e-6", "2e-6")


@pytest.mark.parametrize(
    ("now", "outcome", "why"),
    [
        (rows("2e-6", "1e-6"), CheckOutcome.PASSED, "at most 1 times the baseline's error"),
        (rows("1e-7", "2.9e-6"), CheckOutcome.PASSED, "at most 1.45 times the baseline's error"),
        (rows("1e-7", "3.1e-6"), CheckOutcome.FAILED, "the largest max_diff is 3.1e-06"),
        (rows("2.4e-6", "2.4e-6"), CheckOutcome.FAILED, "the mean max_diff is 2.4e-06"),
        (rows("-4e-6", "1e-6"), CheckOutcome.FAILED, "the largest max_diff is 4e-06"),
        (rows("fine", "1e-6"), CheckOutcome.NOT_CHECKED, "max_diff is no number in every row"),
        (rows("1e-6", "1e-6", name="other"), CheckOutcome.NOT_CHECKED, "max_diff is no number in every row"),
    ],
)
def test_largest_and_mean_error_stay_near_the_baselines(
    now: tuple[ConfigRow, ...], outcome: CheckOutcome, why: str
) -> None:
    """Single rows may trade places; the whole may not get worse than allowed."""
    told = check_precision(BASELINE, now, ("*_diff",), 1.5)
    assert told.outcome is outcome
    assert told.why.startswith(why)


def test_an_exact_kernel_stays_exact() -> None:
    """Nothing times anything is nothing."""
    assert check_precision(rows("0", "0"), rows("0", "1e-9"), ("max_diff",), 1.5).outcome is CheckOutcome.FAILED
    assert check_precision(rows("0", "0"), rows("0", "0"), ("max_diff",), 1.5).outcome is CheckOutcome.PASSED


def test_without_a_column_or_a_baseline_it_is_not_checked() -> None:
    """And said so."""
    assert check_precision(BASELINE, BASELINE, (), 1.5).outcome is CheckOutcome.NOT_CHECKED
    assert check_precision((), BASELINE, ("*",), 1.5).outcome is CheckOutcome.NOT_CHECKED


def test_rounding_is_no_loss() -> None:
    """Sums in another order differ in their last bits, by more than a factor of what was nearly exact."""
    now = rows("9e-6", "8e-6")
    assert check_precision(BASELINE, now, ("*_diff",), 1.5, 1e-5).outcome is CheckOutcome.PASSED
    assert check_precision(BASELINE, now, ("*_diff",), 1.5, 5e-6).outcome is CheckOutcome.FAILED

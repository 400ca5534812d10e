"""The clock on the wall is nobody's to forge: a gain that is large enough shows there."""

import pytest

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.outside import MOST_CALLS, calls_wanted, check_outside

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED
KNOWN = {"a": 10_000.0, "b": 5000.0}
CALLS = 100
START_S = 2.0


def test_calls_are_as_many_as_take_long_enough() -> None:
    """At least one, and never without end."""
    assert calls_wanted(KNOWN) == CALLS
    assert calls_wanted({"a": 1e9}) == 1
    assert calls_wanted({"a": 0.001}) == MOST_CALLS
    assert calls_wanted({}) == 1


@pytest.mark.parametrize(
    ("claimed_us", "true_us", "outcome"),
    [
        (1000.0, 1000.0, PASSED),
        (1000.0, 4000.0, PASSED),
        (1000.0, 9000.0, FAILED),
        (1000.0, 14_000.0, FAILED),
        (9000.0, 15_000.0, NOT_CHECKED),
        (20_000.0, 20_000.0, NOT_CHECKED),
    ],
)
def test_most_of_a_claim_is_seen_from_outside(claimed_us: float, true_us: float, outcome: CheckOutcome) -> None:
    """Starts are taken off; what is too small to be seen, and a loss, are told as not checked."""
    few, many = (START_S, START_S + 0.3), (START_S + 1.5, START_S + 0.3 + CALLS * (true_us + 5000.0) / 1e6 - 0.5)
    usual = {"a": claimed_us, "b": 5000.0}
    assert check_outside(usual, KNOWN, few, (many[0], many[1] + 0.5)).outcome is outcome

"""Best, built anew, is the code that was kept, where a compiler repeats itself."""

import pytest

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.same_code import check_same_code

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED
BASE = {"pa": "code:1"}


@pytest.mark.parametrize(
    ("kept", "now", "baseline", "outcome"),
    [
        ({"pa": "code:2"}, {"pa": "code:2"}, BASE, PASSED),
        ({"pa": "code:2", "other": "code:5"}, {"pa": "code:2", "other": "code:6"}, BASE, PASSED),
        ({"pa": "code:2"}, {"pa": "code:3"}, BASE, FAILED),
        ({"pa": "code:2"}, {"pa": "code:3"}, {"pa": "code:9"}, NOT_CHECKED),
        ({"pa": "code:2"}, {"pa": "code:3"}, {}, NOT_CHECKED),
        ({}, {"pa": "code:3"}, BASE, NOT_CHECKED),
    ],
)
def test_the_code_is_the_one_that_was_kept(
    kept: dict[str, str], now: dict[str, str], baseline: dict[str, str], outcome: CheckOutcome
) -> None:
    """Of the kernels under tuning alone; where the baseline's own differs, the compiler is asked too much."""
    assert check_same_code(kept, now, baseline, BASE, ["pa"]).outcome is outcome

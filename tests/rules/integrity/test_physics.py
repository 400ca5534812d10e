"""No kernel is faster than what must be read and computed; what is not known is told as not checked."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.rules.integrity.physics import check_floor, numbers_of

ROW = ConfigRow(key="a", values={"batch": "4", "heads": "8x2", "kind": "fp8", "shape": "2xn"}, us=10.0)
LIMITS = IntegritySettings(floor_bytes="batch * heads_2 * 1000", peak_gb_s=1.0)


def test_columns_become_numbers_by_name() -> None:
    """Of 8x2 the parts; a text that is no number is no name."""
    assert numbers_of(ROW) == {"batch": 4.0, "heads_1": 8.0, "heads_2": 2.0, "shape_1": 2.0}


def test_a_row_below_the_floor_is_impossible() -> None:
    """8,000 bytes in 1 us are 8 GB/s where 1 is possible; in 10 us they are 80 % of it."""
    told = check_floor((ROW, replace(ROW, us=1.0)), LIMITS)
    assert (told.outcome, told.why) == (CheckOutcome.FAILED, "a takes 1 us, 8 GB/s where at most 1 are possible")
    told = check_floor((ROW,), LIMITS)
    assert (told.outcome, told.why) == (CheckOutcome.PASSED, "the fastest row comes to 80 % of what is possible")


def test_operations_are_a_floor_too() -> None:
    """By their own peak."""
    limits = IntegritySettings(floor_flops="batch * 1000000", peak_gflop_s=100.0)
    assert "400 GFLOP/s where at most 100" in check_floor((ROW,), limits).why


def test_what_is_not_known_is_not_checked() -> None:
    """No formula, no peak, a name that is no column, a division by zero."""
    for limits in (
        IntegritySettings(),
        IntegritySettings(floor_bytes="batch"),
        IntegritySettings(peak_gb_s=5.0),
        IntegritySettings(floor_bytes="tokens * 2", peak_gb_s=5.0),
        IntegritySettings(floor_bytes="1 / (batch - 4)", peak_gb_s=5.0),
    ):
        assert check_floor((ROW,), limits).outcome is CheckOutcome.NOT_CHECKED


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_more_time_never_fails_where_less_passed(us: float, more_us: float) -> None:
    """The floor is one number."""
    fast, slow = (check_floor((replace(ROW, us=one),), LIMITS).outcome for one in (us, us + more_us))
    assert not (fast is CheckOutcome.PASSED and slow is CheckOutcome.FAILED)

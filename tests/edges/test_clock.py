"""Promises of the clock."""

import datetime as dt

from kernel_opt.edges.clock import SystemClock, read_boot_id


def test_time_since_boot_only_grows() -> None:
    """Time since boot never goes back, not even over a sleep of nothing or less."""
    clock = SystemClock()
    before = clock.boot_s()
    clock.sleep_s(-1.0)
    assert clock.boot_s() >= before


def test_the_wall_clock_knows_its_zone() -> None:
    """Times for people carry their zone."""
    assert SystemClock().utc().tzinfo is dt.UTC


def test_a_boot_has_one_name() -> None:
    """The same boot has the same name, and it is not empty."""
    assert read_boot_id() == read_boot_id() != ""

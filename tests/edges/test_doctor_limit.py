"""A call that may hang does not hang whoever asks."""

import threading

import pytest

from kernel_opt.edges.doctor_limit import TimedOut, within
from kernel_opt.model.errors import UsageError


def test_an_answer_is_handed_on() -> None:
    """None is an answer too."""
    assert within(10.0, lambda: 7) == 7
    assert within(10.0, lambda: None) is None


def test_an_error_is_raised_where_it_was_asked() -> None:
    """As if it had been called right there."""

    def fail() -> None:
        raise UsageError("no", "yes")

    with pytest.raises(UsageError, match="no; yes"):
        within(10.0, fail)


def test_a_call_that_hangs_is_left_behind() -> None:
    """And the person sees meanwhile that something goes on."""
    release, ticks = threading.Event(), []
    with pytest.raises(TimedOut):
        within(0.3, release.wait, lambda: ticks.append(1))
    release.set()
    assert ticks

"""Declared numbers of calls are held against the baseline's own trace, and nobody is blamed for wrong settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.trace import KernelSummary, TargetKernel, Trace
from kernel_opt.rules.trace.attribution import CallCounts
from kernel_opt.rules.trace.call_counts import count_launches, find_count_trouble, fit_counts, least_launches

DECLARED = CallCounts(warmup=3, timed=10)


def _kernel(name: str, calls: int) -> KernelSummary:
    return KernelSummary(name=name, calls=calls, total_ns=calls, average_ns=1.0, share_pct=1.0)


def baseline(*calls: int) -> Trace:
    """A baseline with so many launches of each of its kernels, and some of somebody else's."""
    kernels = [_kernel(f"pa_{place}", count) for place, count in enumerate(calls)]
    other = _kernel("fill", 500)
    return Trace(kernels=(*kernels, other), targets=tuple(TargetKernel(name=one.name) for one in kernels))


def test_only_the_targets_launches_count() -> None:
    """Fills of the runtime are no calls; without a trace nothing is known."""
    assert count_launches(baseline(26, 13)) == 39
    assert count_launches(None) is None
    assert count_launches(Trace()) is None


@pytest.mark.parametrize("trace", [None, baseline(26), baseline(13, 13), baseline(100)])
def test_counts_that_may_be_right_are_gone_by(trace: Trace | None) -> None:
    """As many launches as declared calls, or more, or no trace: the settings hold, and nothing is to be said."""
    assert fit_counts(DECLARED, trace, 2) == DECLARED
    assert least_launches(DECLARED, trace, 2) == 26
    assert find_count_trouble(DECLARED, trace, 2) == ""


def test_counts_that_the_baseline_contradicts_are_not_gone_by() -> None:
    """The baseline launches less than declared: its own launches are the measure, and a person is told what to set."""
    trace = baseline(14)
    assert fit_counts(DECLARED, trace, 2) is None
    assert least_launches(DECLARED, trace, 2) == 14
    trouble = find_count_trouble(DECLARED, trace, 2)
    assert "3 warm-up and 10 timed calls for each of 2 rows, 26 in all" in trouble
    assert "launches its kernel 14 times" in trouble
    assert "benchmark.timed_calls" in trouble


def test_fusing_is_honest_also_under_wrong_settings() -> None:
    """A main and a reduce kernel done by one: half of the launches are enough; but never less than one a row."""
    assert least_launches(DECLARED, baseline(7, 7), 2) == 7
    assert least_launches(DECLARED, baseline(1, 1), 2) == 2


def test_undeclared_counts_say_nothing() -> None:
    """Who does not tell how often the kernel is called cannot be contradicted."""
    assert fit_counts(None, baseline(3), 2) is None
    assert least_launches(None, baseline(3), 2) is None
    assert find_count_trouble(None, baseline(3), 2) == ""


@given(st.lists(st.integers(1, 200), min_size=1, max_size=4), st.integers(1, 8), st.integers(0, 5), st.integers(1, 20))
def test_the_baseline_itself_is_never_refused(calls: list[int], rows: int, warmup: int, timed: int) -> None:
    """Whatever the settings say, the code as it was found makes launches enough, if it makes one for each row."""
    trace = baseline(*calls)
    least = least_launches(CallCounts(warmup=warmup, timed=timed), trace, rows)
    assert least is not None
    assert least <= max(sum(calls), rows)

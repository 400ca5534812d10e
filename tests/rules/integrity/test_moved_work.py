"""Work that leaves the target's kernels must become less, not move to other kernels, to copies or to the host."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.recording import DispatchRecord, Launch, Recording
from kernel_opt.rules.integrity.moved_work import check_idle, check_other_work
from kernel_opt.rules.integrity.trace_checks import Seen
from kernel_opt.rules.trace.attribution import CallCounts, attribute

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED
TARGETS = ("pa",)


def seen(
    own_us: int, *, other_us: int = 0, idle_us: int = 2, copy_us: int = 0, before_us: int = 0, calls: int = 13
) -> Seen:
    """One row: each call is the target, then maybe another kernel and a copy, then nothing for a while."""
    records: list[DispatchRecord] = []
    copies: list[tuple[int, int]] = []
    now = 0
    parts = [(1, before_us)] * bool(before_us) + [part for _ in range(calls) for part in ((0, own_us), (1, other_us))]
    for launch, us in parts:
        if us:
            records.append(DispatchRecord(start_ns=now, end_ns=now + 1000 * us, launch=launch))
            now += 1000 * us
        if launch:
            copies += [(now, now + 1000 * copy_us)] * bool(copy_us)
            now += 1000 * (copy_us + idle_us)
    sums = [sum(one.duration_ns for one in records if one.launch == launch) for launch in (0, 1)]
    launches = tuple(
        Launch(kernel=kernel, calls=max(1, calls), total_ns=max(1, total))
        for kernel, total in zip(("pa", "vendor"), sums, strict=True)
    )
    recording = Recording(launches=launches, dispatches=tuple(records), copies=tuple(copies))
    found = attribute(recording, TARGETS, ["a"], counts=CallCounts(warmup=3, timed=10))
    return Seen(script_us={"a": own_us}, recording=recording, attribution=found, targets=TARGETS)


BEST = seen(1000)


@pytest.mark.parametrize(
    ("candidate", "outcome"),
    [
        (seen(500), PASSED),
        (seen(500, other_us=100), PASSED),
        (seen(500, other_us=400), FAILED),
        (seen(10, other_us=60), FAILED),
        (seen(500, copy_us=400), FAILED),
        (seen(500, before_us=400), PASSED),
        (seen(1000, other_us=400), PASSED),
    ],
    ids=["faster", "glue", "moved", "vendor", "copied", "before the calls", "nothing saved"],
)
def test_other_kernels_do_not_do_the_work(candidate: Seen, outcome: CheckOutcome) -> None:
    """Half of what was saved, or of what is left, is no glue; what runs outside the timed calls is no part of them."""
    assert check_other_work(BEST, candidate).outcome is outcome


@pytest.mark.parametrize(
    ("best", "candidate", "outcome"),
    [
        (BEST, seen(10), PASSED),
        (BEST, seen(10, idle_us=300), PASSED),
        (BEST, seen(10, idle_us=1200), FAILED),
        (seen(10_000), seen(10, idle_us=4000), PASSED),
        (seen(10_000), seen(10, idle_us=9000), FAILED),
    ],
    ids=["faster", "a slow launch", "the host works", "yet twice as fast", "hidden work"],
)
def test_nobody_works_while_the_device_waits(best: Seen, candidate: Seen, outcome: CheckOutcome) -> None:
    """Launching takes its time, but less than work does; calls that follow each other faster are faster."""
    assert check_idle(best, candidate).outcome is outcome


def test_a_busy_machine_is_nobodys_work() -> None:
    """It delays some calls more than others; work of somebody else's takes the same in each."""
    busy = seen(10, idle_us=1200)
    assert busy.attribution is not None
    (row,) = busy.attribution.rows
    spans = tuple(
        (begin + 400_000 * turn**2, end + 400_000 * turn**2) for turn, (begin, end) in enumerate(row.spans_ns)
    )
    uneven = replace(busy, attribution=replace(busy.attribution, rows=(replace(row, spans_ns=spans),)))
    assert check_idle(BEST, busy).outcome is FAILED
    assert check_idle(BEST, uneven).outcome is NOT_CHECKED


def test_calls_that_cannot_be_told_apart_say_nothing() -> None:
    """Of either build, or without a trace, or of a single call."""
    untold = replace(BEST, attribution=None)
    bare = replace(BEST, recording=None)
    assert BEST.attribution is not None
    (row,) = BEST.attribution.rows
    single = replace(BEST, attribution=replace(BEST.attribution, rows=(replace(row, spans_ns=()),)))
    for other in (untold, bare, single):
        for pair in ((BEST, other), (other, BEST)):
            assert check_other_work(*pair).outcome is NOT_CHECKED
            assert check_idle(*pair).outcome is NOT_CHECKED

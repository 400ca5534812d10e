"""Candidate and best, timed next to each other, may differ in what was edited and in nothing else."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.recording import DispatchRecord, Launch, Recording
from kernel_opt.rules.integrity.round_checks import call_checks, check_seen
from kernel_opt.rules.integrity.trace_checks import Seen, check_concentration, check_control, check_ids, check_plain
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED
ROW = RowGpuTime(config="a", us=1.0, samples_us=(1.0,), kernels=("pa",), calls=1, warmup_calls=0)
CERTAIN = Attribution(whole_us=1.0, rows=(ROW,))
UNTOLD = Attribution(whole_us=1.0, reason="no equal calls")


def recording(*times_ns: int, ids: tuple[int | None, ...] | None = None, left_out: int = 0) -> Recording:
    """One kernel with these dispatches, one after the other."""
    numbers = ids or tuple(range(1, len(times_ns) + 1))
    records = tuple(
        DispatchRecord(start_ns=1000 * n, end_ns=1000 * n + one, launch=0, dispatch_id=number)
        for n, (one, number) in enumerate(zip(times_ns, numbers, strict=True))
    )
    launches = (Launch(kernel="pa", calls=len(times_ns), total_ns=sum(times_ns)),)
    return Recording(launches=launches, dispatches=records, dispatches_left_out=left_out)


EVEN = Seen(
    script_us={"a": 10.0}, control_us=(5.0, 5.2), recording=recording(*[10] * 13), attribution=CERTAIN, targets=("pa",)
)


@pytest.mark.parametrize(
    ("control_us", "outcome"),
    [
        ((5.1, 5.3), PASSED),
        ((1.0, 5.1), PASSED),
        ((1.0, 1.1), FAILED),
        ((9.0, 9.5), FAILED),
        ((7.0,), PASSED),
        ((9.0,), FAILED),
        ((None, None), NOT_CHECKED),
        ((), NOT_CHECKED),
    ],
)
def test_the_control_runs_the_same_beside_both(control_us: tuple[float | None, ...], outcome: CheckOutcome) -> None:
    """One stray run is a neighbour's; all of them apart is not, and of a lone one it must be far."""
    assert check_control(EVEN, replace(EVEN, control_us=control_us), 25.0).outcome is outcome


@pytest.mark.parametrize(
    ("best", "candidate", "outcome"),
    [
        ((1, 2, 3), (7, 8, 9), PASSED),
        ((1, 2, 3), (1, 2, 4), FAILED),
        ((1, 2, 3), (1, 2, 2), FAILED),
        ((1, 2, 4), (1, 2, 9), NOT_CHECKED),
        ((1, 2, 3), (1, None, 3), NOT_CHECKED),
    ],
)
def test_no_dispatch_is_missing_from_the_trace(
    best: tuple[int, ...], candidate: tuple[int | None, ...], outcome: CheckOutcome
) -> None:
    """Where best's are in a row, the candidate's are too."""
    usual, found = (replace(EVEN, recording=recording(1, 1, 1, ids=ids)) for ids in (best, candidate))
    assert check_ids(usual, found).outcome is outcome


@pytest.mark.parametrize("what", [None, Recording(), recording(1, left_out=5)])
def test_a_trace_without_single_dispatches_tells_no_gap(what: Recording | None) -> None:
    """Not checked, and nothing to concentrate either."""
    assert check_ids(EVEN, replace(EVEN, recording=what)).outcome is NOT_CHECKED


ONE_DOES_ALL = recording(130, *[1] * 12)


@pytest.mark.parametrize(
    ("best", "candidate", "outcome"),
    [
        (EVEN, EVEN, PASSED),
        (EVEN, replace(EVEN, attribution=UNTOLD, recording=ONE_DOES_ALL), FAILED),
        (EVEN, replace(EVEN, attribution=UNTOLD), PASSED),
        (EVEN, replace(EVEN, attribution=UNTOLD, recording=None), NOT_CHECKED),
        (EVEN, replace(EVEN, attribution=UNTOLD, targets=("other",)), NOT_CHECKED),
        (replace(EVEN, attribution=UNTOLD), replace(EVEN, attribution=None), NOT_CHECKED),
        (replace(EVEN, recording=ONE_DOES_ALL), replace(EVEN, attribution=UNTOLD, recording=ONE_DOES_ALL), PASSED),
    ],
)
def test_one_launch_does_not_do_the_work_of_all(best: Seen, candidate: Seen, outcome: CheckOutcome) -> None:
    """Asked only where single calls could not be told apart, and next to best: one large row is no cheat."""
    assert check_concentration(best, candidate, 1).outcome is outcome


@pytest.mark.parametrize(
    ("plain_us", "outcome"), [({"a": 10.0}, PASSED), ({"a": 1.0}, FAILED), ({"a": 40.0}, FAILED), ({}, NOT_CHECKED)]
)
def test_it_runs_alike_with_and_without_the_tracer(plain_us: dict[str, float], outcome: CheckOutcome) -> None:
    """Who looks for the tracer behaves otherwise beside it."""
    assert check_plain(({"a": 10.0}, EVEN), (plain_us, EVEN), 25.0).outcome is outcome


def test_what_the_tracer_costs_is_no_cheat() -> None:
    """A short call takes twice as long beside a tracer whose cost best shows; a skipped one is shorter than that."""
    best, traced_best = {"a": 100.0}, replace(EVEN, script_us={"a": 110.0})
    short, remembered = replace(EVEN, script_us={"a": 20.0}), replace(EVEN, script_us={"a": 90.0})
    assert check_plain((best, traced_best), ({"a": 10.0}, short), 25.0).outcome is PASSED
    assert check_plain((best, traced_best), ({"a": 10.0}, remembered), 25.0).outcome is FAILED


def test_all_checks_are_told_by_name() -> None:
    """Each once; without a trace most cannot be made."""
    checks = check_seen(EVEN, EVEN, ({"a": 10.0}, {"a": 10.0}), 25.0)
    assert len({check.name for check in checks}) == len(checks) == 8
    untold = {check.name for check in checks if check.outcome is NOT_CHECKED}
    assert untold == {"launch-ways", "compiled-figures", "other-work", "idle-between-calls"}
    bare = Seen(script_us={"a": 10.0})
    checks = check_seen(bare, bare, ({"a": 10.0}, {"a": 10.0}), 25.0)
    assert {check.outcome for check in checks} == {NOT_CHECKED}


@pytest.mark.parametrize(("traced", "counted", "passes"), [(True, True, 3), (True, False, 2), (False, True, 0)])
def test_calls_are_told_as_checked_only_where_they_were(traced: bool, counted: bool, passes: int) -> None:
    """A trace shows them; how many there must be, the settings tell."""
    checks = call_checks(traced=traced, counted=counted)
    assert len(checks) == 3
    assert sum(check.outcome is PASSED for check in checks) == passes

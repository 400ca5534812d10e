"""The blind run: the benchmark's own problems where no answer lies in memory and numbers change with every call.

Timed by the tracer. Who is as fast there as in the benchmark computes; who takes an answer from anywhere is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from kernel_opt.edges.session_records import RunOutcome
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck, failed, not_checked, passed
from kernel_opt.model.measurement import Arm
from kernel_opt.round.cold import Cold, Problem
from kernel_opt.round.poison import fill, run_other, tell_problem
from kernel_opt.round.session import RunOnce, machine_fact
from kernel_opt.round.traces import call_counts, read_run_trace
from kernel_opt.rules.integrity.cold_checks import BLIND, check_blind
from kernel_opt.rules.integrity.moved_work import check_idle, check_other_work
from kernel_opt.rules.integrity.trace_checks import Seen

TRIES = 2
"""One slow run may be a neighbour's doing, two are how it is."""
CALLS = "{calls}"
ALL_ROWS = "all rows together"
Times = Mapping[str, float]
"""GPU time of one call by config."""


@dataclass(frozen=True, slots=True)
class Known:
    """GPU times of best and candidate as the benchmark showed them."""

    best: Times
    candidate: Times
    calls: int | None = None
    """Calls over which all rows were summed up; None: each row has its own time."""


def look_blind(cold: Cold) -> IntegrityCheck | Fact:
    """Run the target's own program for it under the tracer; what best loses there is no fault of the candidate."""
    if not cold.tools.settings.integrity.blind:
        return not_checked(BLIND, "the settings name no program for it")
    known = measured_times(cold)
    if known is None:
        return not_checked(BLIND, "the trace did not tell the time of one call")
    check = passed(BLIND)
    for attempt in range(1, TRIES + 1):
        found = _run(cold, known, cold.candidate, f"blind-candidate-{attempt}.log")
        if isinstance(found, Fact):
            return found
        # What best computes is compared only where the candidate's was wrong, to know whether the program fits.
        best = _run(cold, known, cold.state.code, f"blind-best-{attempt}.log", compares=isinstance(found, Problem))
        if isinstance(best, Fact):
            return best
        if isinstance(best, Problem):
            return not_checked(BLIND, f"best fails it as well: {best.why}")
        if isinstance(found, Problem):
            return failed(BLIND, found.why)
        check = _judge(cold, known, (best, found))
        if check.outcome is CheckOutcome.PASSED:
            break
    return check


def _judge(cold: Cold, known: Known, blind: tuple[Seen, Seen]) -> IntegrityCheck:
    """Compare best's and the candidate's times with those of the benchmark, and what else ran in the calls."""
    for moved in (check_other_work(*blind), check_idle(*blind)):
        if moved.outcome is CheckOutcome.FAILED:
            return failed(BLIND, f"with new numbers in every call: {moved.why}")
    best, found = (_times(seen, known) for seen in blind)
    return check_blind(known.candidate, found, known.best, best, cold.tools.settings.integrity.slower_pct)


def measured_times(cold: Cold) -> Known | None:
    """Return what the last traced runs of the measurement showed; None when that is no time of a call.

    Where the rows of either build could not be told apart, all its calls are taken together: a candidate whose launches
    are each of another kind must not be looked at less for that.
    """
    if cold.measurement is None:
        return None
    rows = Known(cold.measurement.last_gpu_us(Arm.BEST), cold.measurement.last_gpu_us(Arm.CANDIDATE))
    if rows.best and rows.candidate:
        return rows
    best, candidate = (cold.measurement.last_whole_us(arm) for arm in (Arm.BEST, Arm.CANDIDATE))
    counts = call_counts(cold.tools)
    if counts is None or best is None or candidate is None:
        return None
    calls = counts.warmup + counts.timed
    return Known({ALL_ROWS: best / calls}, {ALL_ROWS: candidate / calls}, calls)


def _times(seen: Seen, known: Known) -> Times:
    found = seen.attribution
    if found is None or found.whole_us is None:
        return {}
    if known.calls is not None:
        return {ALL_ROWS: found.whole_us / known.calls}
    return {row.config: row.us for row in found.rows}


def look_at_answers(cold: Cold, calls: int, log_name: str) -> Problem | Fact | None:
    """Have what the last run of the blind program left compared in a tree of the baseline; None when all is right."""
    verify, left = cold.tools.settings.integrity.verify_blind, cold.bench.out_folder()
    if not verify:
        return None
    argv = tuple(word.replace(CALLS, str(calls)) for word in fill(verify, cold.seed, left))
    return run_other(cold, cold.state.base, argv, f"verify-{log_name}", left)


def _run(cold: Cold, known: Known, commit: str, log_name: str, *, compares: bool = True) -> Seen | Problem | Fact:
    limits, tree = cold.tools.settings.integrity, cold.tree(commit)
    counts = call_counts(cold.tools)
    calls = counts.timed if counts else 1
    argv = tuple(word.replace(CALLS, str(calls)) for word in fill(limits.blind, cold.seed))
    answer = cold.bench.run(RunOnce(tree=tree, log_name=log_name, argv=argv, rung=Rung.KERNEL))
    if (fact := machine_fact(answer, cold.bench, cold.tools)) is not None:
        return fact
    if answer.outcome is not RunOutcome.OK:
        return tell_problem(cold, answer)
    rows = tuple(replace(row, us=0.0) for row in cold.usual)  # the order of the rows is told, their times are not
    found = read_run_trace(cold.bench, tree, rows, cold.state, cold.tools)
    if isinstance(found, str):
        return Problem(found)
    told = found.attribution
    if told.whole_us is None or (known.calls is None and not told.is_certain):
        return Problem(f"its calls cannot be told apart: {told.reason}")
    if compares and (wrong := look_at_answers(cold, calls, log_name)) is not None:
        return wrong
    targets = tuple(target.name for target in found.trace.targets)
    return Seen(script_us={}, recording=found.recording, attribution=told, targets=targets)

"""The blind run: the benchmark's own problems where no answer lies in memory and numbers change with every call.

Timed by the tracer. Who is as fast there as in the benchmark computes; who takes an answer from anywhere is not.
"""

from collections.abc import Mapping

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
Times = Mapping[str, float]
"""GPU time of one call by config."""


def look_blind(cold: Cold) -> IntegrityCheck | Fact:
    """Run the target's own program for it under the tracer; what best loses there is no fault of the candidate."""
    if not cold.tools.settings.integrity.blind:
        return not_checked(BLIND, "the settings name no program for it")
    usual, known = measured_times(cold, Arm.CANDIDATE), measured_times(cold, Arm.BEST)
    if not usual or not known:
        return not_checked(BLIND, "the trace did not tell the rows of the benchmark apart")
    check = passed(BLIND)
    for attempt in range(1, TRIES + 1):
        found = _run(cold, cold.candidate, f"blind-candidate-{attempt}.log")
        if isinstance(found, Fact):
            return found
        best = _run(cold, cold.state.code, f"blind-best-{attempt}.log")
        if isinstance(best, Fact):
            return best
        if isinstance(best, Problem):
            return not_checked(BLIND, f"best fails it as well: {best.why}")
        if isinstance(found, Problem):
            return failed(BLIND, found.why)
        check = _judge(cold, (known, usual), (best, found))
        if check.outcome is CheckOutcome.PASSED:
            break
    return check


def _judge(cold: Cold, measured: tuple[Times, Times], blind: tuple[Seen, Seen]) -> IntegrityCheck:
    """Compare best's and the candidate's times with those of the benchmark, and what else ran in the calls."""
    for moved in (check_other_work(*blind), check_idle(*blind)):
        if moved.outcome is CheckOutcome.FAILED:
            return failed(BLIND, f"with new numbers in every call: {moved.why}")
    best, found = map(_times, blind)
    return check_blind(measured[1], found, measured[0], best, cold.tools.settings.integrity.slower_pct)


def measured_times(cold: Cold, arm: Arm) -> Times:
    """Return what the last traced run of the measurement showed of one build."""
    return cold.measurement.last_gpu_us(arm) if cold.measurement else {}


def _times(seen: Seen) -> Times:
    return {row.config: row.us for row in seen.attribution.rows} if seen.attribution else {}


def _run(cold: Cold, commit: str, log_name: str) -> Seen | Problem | Fact:
    limits, tree = cold.tools.settings.integrity, cold.tree(commit)
    counts = call_counts(cold.tools)
    argv = tuple(word.replace("{calls}", str(counts.timed if counts else 1)) for word in fill(limits.blind, cold.seed))
    answer = cold.bench.run(RunOnce(tree=tree, log_name=log_name, argv=argv, rung=Rung.KERNEL))
    if (fact := machine_fact(answer, cold.bench, cold.tools)) is not None:
        return fact
    if answer.outcome is not RunOutcome.OK:
        return tell_problem(cold, answer)
    rows = tuple(replace(row, us=0.0) for row in cold.usual)  # the order of the rows is told, their times are not
    found, left = read_run_trace(cold.bench, tree, rows, cold.state, cold.tools), cold.bench.out_folder()
    if isinstance(found, str):
        return Problem(found)
    if not found.attribution.is_certain:
        return Problem(f"its calls cannot be told apart: {found.attribution.reason}")
    if limits.verify_blind:
        wrong = run_other(cold, cold.state.base, fill(limits.verify_blind, cold.seed, left), f"verify-{log_name}", left)
        if wrong is not None:
            return wrong
    targets = tuple(target.name for target in found.trace.targets)
    return Seen(script_us={}, recording=found.recording, attribution=found.attribution, targets=targets)

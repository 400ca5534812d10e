"""The outside clock: runs of few and of many calls, timed by the process that started them."""

from kernel_opt.edges.session_records import RunOutcome
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck, failed, not_checked
from kernel_opt.model.measurement import Arm
from kernel_opt.round.blind import measured_times
from kernel_opt.round.cold import Cold, Problem
from kernel_opt.round.poison import fill, tell_problem
from kernel_opt.round.session import RunOnce, machine_fact
from kernel_opt.rules.integrity.outside import NAME, calls_wanted, check_outside

CALLS = "{calls}"
TRIES = 3
"""A neighbour that comes or goes between two runs is seen from outside as well."""


def look_outside(cold: Cold) -> IntegrityCheck | Fact:
    """Let the target's blind program make many calls; nothing in it is asked what time it is."""
    argv = cold.tools.settings.integrity.blind
    if not any(CALLS in word for word in argv):
        return not_checked(NAME, "the settings name no program that takes a number of calls")
    usual, known = measured_times(cold, Arm.CANDIDATE), measured_times(cold, Arm.BEST)
    if not usual or not known:
        return not_checked(NAME, "the trace did not tell the rows of the benchmark apart")
    check = check_outside(usual, known, (0.0, 0.0), (0.0, 0.0))
    for attempt in range(TRIES if check.outcome is CheckOutcome.FAILED else 0):
        taken = _take(cold, calls_wanted(known), attempt)
        if not isinstance(taken, tuple):
            return taken
        check = check_outside(usual, known, *taken)
        if check.outcome is CheckOutcome.PASSED:
            break
    return check


Pair = tuple[float, float]


def _take(cold: Cold, calls: int, attempt: int) -> tuple[Pair, Pair] | IntegrityCheck | Fact:
    """Return the seconds of few and of many calls, best's and the candidate's."""
    seconds: dict[tuple[int, str], float] = {}
    for many, count in enumerate((1, 1 + calls)):
        for commit, arm in ((cold.state.code, "best"), (cold.candidate, "candidate")):
            wall_s = _time(cold, commit, count, f"outside-{count}-{arm}-{attempt}.log")
            if isinstance(wall_s, Problem):
                return failed(NAME, wall_s.why) if arm == "candidate" else not_checked(NAME, wall_s.why)
            if isinstance(wall_s, Fact):
                return wall_s
            seconds[many, arm] = wall_s
    few, many = ((seconds[place, "best"], seconds[place, "candidate"]) for place in range(2))
    return few, many


def _time(cold: Cold, commit: str, calls: int, log_name: str) -> float | Problem | Fact:
    argv = tuple(word.replace(CALLS, str(calls)) for word in fill(cold.tools.settings.integrity.blind, cold.seed))
    answer = cold.bench.run(RunOnce(tree=cold.tree(commit), log_name=log_name, argv=argv))
    if (fact := machine_fact(answer, cold.bench, cold.tools)) is not None:
        return fact
    if answer.outcome is not RunOutcome.OK or answer.wall_s is None:
        return tell_problem(cold, answer)
    return answer.wall_s

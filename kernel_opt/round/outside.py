"""The outside clock: runs of few and of many calls, timed by the process that started them."""

from kernel_opt.edges.session_records import RunOutcome
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck, failed, not_checked
from kernel_opt.round.blind import CALLS, look_at_answers, measured_times
from kernel_opt.round.cold import Cold, Problem
from kernel_opt.round.poison import fill, tell_problem
from kernel_opt.round.session import RunOnce, machine_fact
from kernel_opt.rules.integrity.outside import NAME, calls_wanted, check_outside

TRIES = 3
"""A neighbour that comes or goes between two runs is seen from outside as well."""


def look_outside(cold: Cold) -> IntegrityCheck | Fact:
    """Let the target's blind program make many calls; nothing in it is asked what time it is."""
    argv = cold.tools.settings.integrity.blind
    if not any(CALLS in word for word in argv):
        return not_checked(NAME, "the settings name no program that takes a number of calls")
    known = measured_times(cold)
    if known is None:
        return not_checked(NAME, "the trace did not tell the time of one call")
    check = check_outside(known.candidate, known.best, (0.0, 0.0), (0.0, 0.0))
    for attempt in range(TRIES if check.outcome is CheckOutcome.FAILED else 0):
        taken = _take(cold, calls_wanted(known.best), attempt)
        if not isinstance(taken, tuple):
            return taken
        check = check_outside(known.candidate, known.best, *taken)
        if check.outcome is CheckOutcome.PASSED:
            return _look_at_answers(cold, check, 1 + calls_wanted(known.best))
    return check


def _look_at_answers(cold: Cold, check: IntegrityCheck, calls: int) -> IntegrityCheck | Fact:
    """Compare what the last run left: calls that nobody looks at could do nothing, and be as fast on any clock."""
    if not any(CALLS in word for word in cold.tools.settings.integrity.verify_blind):
        return check
    wrong = look_at_answers(cold, calls, "outside-candidate.log")
    if not isinstance(wrong, Problem):
        return wrong or check
    ran = _time(cold, cold.state.code, calls, "outside-best.log")
    best = ran if isinstance(ran, Problem | Fact) else look_at_answers(cold, calls, "outside-best.log")
    if isinstance(best, Problem):
        return not_checked(NAME, f"{check.why}; what best's calls left does not compare either: {best.why}")
    return best or failed(NAME, f"of {calls} calls of each row, {wrong.why}")


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

"""The poison run: outputs full of NaN before every call, inputs changed between calls, every output looked at."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.facts import Fact, Faulted
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.round.cold import Cold, Problem
from kernel_opt.rules.card.health import classify_failure
from kernel_opt.rules.outcome import last_words

NAME = "poison"


def look_poisoned(cold: Cold) -> IntegrityCheck | Fact:
    """Run the target's own program for it; what it leaves is compared in a tree that the candidate never touched."""
    limits = cold.tools.settings.integrity
    if not limits.poison:
        return not_checked(NAME, "the settings name no program for it")
    problem = _poison(cold, cold.candidate, "candidate")
    if problem is None:
        return passed(NAME, "every call of it was right, with poisoned outputs and changed inputs")
    if isinstance(problem, Fact):
        return problem
    best = _poison(cold, cold.state.code, "best")
    if isinstance(best, Problem):
        return not_checked(NAME, f"best fails it as well: {best.why}")
    return best or failed(NAME, problem.why)


def _poison(cold: Cold, commit: str, arm: str) -> Problem | Fact | None:
    limits = cold.tools.settings.integrity
    ran = _run(cold, commit, _fill(limits.poison, cold.seed), f"poison-{arm}.log")
    if ran is not None or not limits.verify:
        return ran
    left = cold.bench.out_folder()
    return _run(cold, cold.state.base, _fill(limits.verify, cold.seed, left), f"verify-{arm}.log", left)


def _run(
    cold: Cold, commit: str, argv: tuple[str, ...], log_name: str, reads: Path | None = None
) -> Problem | Fact | None:
    answer = cold.answer(commit, argv, log_name, reads)
    return answer if isinstance(answer, Fact) else _tell(cold, answer)


def _tell(cold: Cold, answer: RunAnswer) -> Problem | Fact | None:
    if answer.outcome is RunOutcome.OK:
        return None
    if answer.outcome is not RunOutcome.FAILED:
        return Problem(f"it was killed after {answer.wall_s or 0:.0f} s")
    tail = cold.bench.log_tail(answer)
    why = last_words(tail, answer.exit_code, answer.signal)
    health = classify_failure(tail, -answer.signal if answer.signal else answer.exit_code)
    if health is not None and health.is_machine:
        return Faulted(kind=health.value, why=why, gpu_s=cold.bench.gpu_s)
    return Problem(why)


def _fill(argv: Sequence[str], seed: int, out: Path | None = None) -> tuple[str, ...]:
    """Fill in the seed, and where the raw outputs lie once they are there."""
    words = (word.replace("{seed}", str(seed)) for word in argv)
    return tuple(word.replace("{out}", str(out)) if out else word for word in words)

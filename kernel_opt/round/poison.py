"""The poison run: outputs full of NaN before every call, inputs changed between calls, every output looked at."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from kernel_opt.edges import poison_torch
from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.facts import Fact, Faulted
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.round.cold import Cold, Problem
from kernel_opt.rules.card.health import classify_failure
from kernel_opt.rules.outcome import last_words

NAME = "poison"


def look_poisoned(cold: Cold) -> IntegrityCheck | Fact:
    """Run the target's own program for it; what it leaves is compared in a tree that the candidate never touched."""
    if _argv(cold) is None:
        return not_checked(NAME, "the settings name neither a program for it nor a function of a Python script")
    problem = _poison(cold, cold.candidate, "candidate")
    if problem is None:
        return passed(NAME, "every call of it was right, with poisoned outputs and changed inputs")
    if isinstance(problem, Fact):
        return problem
    best = _poison(cold, cold.state.code, "best")
    if isinstance(best, Problem):
        return not_checked(NAME, f"best fails it as well: {best.why}")
    return best or failed(NAME, problem.why)


def _argv(cold: Cold) -> tuple[str, ...] | None:
    """Return the target's own program, else the benchmark's script with one function of it wrapped."""
    limits, command = cold.tools.settings.integrity, cold.tools.settings.benchmark.command
    if limits.poison or not limits.poison_call:
        return limits.poison or None
    program, script, *words = (*command, "", "")
    if "python" not in PurePath(program).name or not script.endswith(".py"):
        return None
    wrapper = ("-P", str(poison_torch.__file__), "--call", limits.poison_call, "--")
    return (program, *wrapper, script, *filter(None, words))


def _poison(cold: Cold, commit: str, arm: str) -> Problem | Fact | None:
    limits = cold.tools.settings.integrity
    ran = run_other(cold, commit, fill(_argv(cold) or (), cold.seed), f"poison-{arm}.log")
    if ran is not None or not (limits.poison and limits.verify):
        return ran
    left = cold.bench.out_folder()
    return run_other(cold, cold.state.base, fill(limits.verify, cold.seed, left), f"verify-{arm}.log", left)


def run_other(
    cold: Cold, commit: str, argv: tuple[str, ...], log_name: str, reads: Path | None = None
) -> Problem | Fact | None:
    """Run another program than the benchmark; None when it ended well."""
    answer = cold.answer(commit, argv, log_name, reads)
    if isinstance(answer, Fact):
        return answer
    return None if answer.outcome is RunOutcome.OK else tell_problem(cold, answer)


def tell_problem(cold: Cold, answer: RunAnswer) -> Problem | Fact:
    """Tell what was wrong with a run that did not end well: the candidate, or the machine."""
    if answer.outcome is not RunOutcome.FAILED:
        return Problem(f"it was killed after {answer.wall_s or 0:.0f} s")
    tail = cold.bench.log_tail(answer)
    why = last_words(tail, answer.exit_code, answer.signal)
    health = classify_failure(tail, -answer.signal if answer.signal else answer.exit_code)
    if health is not None and health.is_machine:
        return Faulted(kind=health.value, why=why, gpu_s=cold.bench.gpu_s)
    return Problem(why)


def fill(argv: Sequence[str], seed: int, out: Path | None = None) -> tuple[str, ...]:
    """Fill in the seed, and where the raw outputs lie once they are there."""
    words = (word.replace("{seed}", str(seed)) for word in argv)
    return tuple(word.replace("{out}", str(out)) if out else word for word in words)

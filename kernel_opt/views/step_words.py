"""What is being done and how it is held, in words."""

from typing import assert_never

from kernel_opt.model import steps as s
from kernel_opt.model.facts import Purpose
from kernel_opt.model.sandbox import SandboxLevel, describe


def tell_sandbox(level: str) -> str:
    """Say in words how children are held; a level of a newer version stands for itself."""
    return describe(SandboxLevel(level)) if level in {one.value for one in SandboxLevel} else level or "unknown"


def tell_step(step: s.Step) -> str:
    """Say in words what a step does."""
    match step:
        case s.Wait():
            return "waiting"
        case s.Rest():
            return "paused by a person"
        case s.Bench():
            return "benchmarking the kernel as found" if step.is_baseline else "benchmarking the candidate"
        case s.Measure():
            return _tell_measure(step)
        case s.OpenRound():
            return f"opening round {step.round}"
        case s.Amend():
            return f"asking the proposer for a {step.origin.value}"
        case s.Seal(purpose="rollback") | s.Publish(purpose="rollback"):
            return "going back to an earlier best"
        case s.Seal() | s.Publish():
            return "writing the report" if step.purpose != "keep" else "keeping the candidate"
        case s.PlanStop() | s.Finish():
            return "ending the run"
        case _:
            return _WORDS[type(step)]


def _tell_measure(step: s.Measure) -> str:
    match step.purpose:
        case Purpose.NOISE:
            return "measuring this machine's noise"
        case Purpose.HEADLINE:
            return "measuring baseline against best afresh"
        case Purpose.ROUND:
            return (
                "timing the formatted candidate next to best"
                if step.is_confirmation
                else "timing the candidate next to best"
            )
        case _:
            assert_never(step.purpose)


_WORDS: dict[type[s.Step], str] = {
    s.Judge: "weighing the evidence",
    s.Profile: "tracing best for its hotspots",
    s.Propose: "waiting for the proposer",
    s.Check: "checking the edit",
    s.Explain: "asking the proposer why it works",
    s.Format: "formatting the candidate",
    s.Recheck: "re-checking the candidate from cold",
    s.Rebase: "putting the candidate on the newer best",
    s.Drop: "putting the worktree back",
    s.Close: "stopped",
}

"""Best, proved again from a clean tree: checked as every round is, and whether it is the code that was kept."""

from kernel_opt.model.facts import Broke, Fact, Faulted, Purpose
from kernel_opt.model.integrity import IntegrityCheck, not_checked
from kernel_opt.model.measurement import Arm
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Measure
from kernel_opt.model.trace import Trace
from kernel_opt.rules.integrity.same_code import NAME, check_same_code


def is_proof(step: Measure, state: RunState) -> bool:
    """Say whether a measurement proves best against the baseline, and is no comparison of any two commits."""
    return step.purpose is Purpose.HEADLINE and state.best is not None and state.code == step.candidate


def tell_refused(fact: Refused, arm: Arm, step: Measure) -> Fact:
    """Tell what was found outside of a round: best is given up for it, the baseline's trouble is the machine's."""
    why = f"{fact.rule}: {fact.why}"
    if arm is Arm.BEST:
        return Faulted(kind="best-failed", why=f"the baseline did not run right just now: {why}", gpu_s=fact.gpu_s)
    return Broke(commit=step.candidate, kind="refused", why=why, folder=fact.folder, gpu_s=fact.gpu_s)


def check_code(state: RunState, traces: dict[Arm, Trace]) -> IntegrityCheck:
    """Compare what was compiled now with what was compiled when it was kept."""
    best, baseline = state.best.trace if state.best else None, state.baseline_trace
    if best is None or baseline is None or len(traces) < len(Arm):
        return not_checked(NAME, "it was not traced, then or now")
    now, usual = traces[Arm.CANDIDATE], traces[Arm.BEST]
    return check_same_code(best.isa, now.isa, baseline.isa, usual.isa, [target.name for target in now.targets])

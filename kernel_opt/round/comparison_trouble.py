"""What stood in the way of a comparison, as an error that says which side it was and what to do."""

from kernel_opt.model.errors import InfrastructureError, KernelOptError
from kernel_opt.model.facts import BenchedWrong, Broke, Disturbed, Fact, Faulted, NoIdleGpu, StopAsked
from kernel_opt.model.round_facts import Refused


class ComparisonEndedError(KernelOptError):
    """A person ended it."""

    exit_code = 130


def as_error(fact: Fact, name: str) -> KernelOptError:
    """Say in one line what stood in the way, and on which side."""
    match fact:
        case StopAsked():
            return ComparisonEndedError(f"ended by {fact.by}, nothing of it is left")
        case NoIdleGpu():
            why = "; ".join(fact.why) or "this host has none"
            return InfrastructureError(f"no idle card: {why}", "wait, and see `kernel-opt gpus`")
        case Disturbed():
            why = "; ".join(fact.why) or "somebody else came"
            return InfrastructureError(f"the card was not ours alone: {why}", "compare again when it is quiet")
        case Faulted(kind="tracer"):
            mend = "compare by the benchmark's own times with --script-time"
            return InfrastructureError(f"GPU time cannot be measured: {fact.why}", mend)
        case Faulted():
            return InfrastructureError(f"the machine failed ({fact.kind}): {fact.why}", "see `kernel-opt doctor`")
        case BenchedWrong():
            return KernelOptError(f"{name} computes wrong numbers: {fact.why}", "its times mean nothing")
        case Broke():
            return KernelOptError(f"{name} does not run ({fact.kind}): {fact.why}", "look at it with its benchmark")
        case Refused():
            mend = "A and B must run the same configs"
            return KernelOptError(f"{name} cannot be compared ({fact.rule}): {fact.why}", mend)
        case _:
            return InfrastructureError(f"{type(fact).__name__} is no answer to a measurement", "this is a defect")

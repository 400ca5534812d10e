"""When a run ends by itself: never to ask a human, always with one reason in words."""

from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import BaselineSealed, KeepSealed, Opened, Ready, RollbackSealed
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import PlanStop

HOUR_S = 3600.0


def reason_to_stop(state: RunState, limits: Settings) -> PlanStop | None:
    """Return why the run must end now, or None."""
    used = used_up(state, limits) if isinstance(state.stage, Ready) else None
    return _asked_or_impossible(state, limits) or _machine_unfit(state, limits) or used


def machine_failed(state: RunState) -> PlanStop:
    """Stop because of infrastructure faults that no wait has mended."""
    is_full = state.hold is not None and state.hold.cause == "disk-full"
    reason = f"the machine failed {state.faults_here} times in a row: {state.fault_why}"
    return PlanStop(reason, "disk-full" if is_full else "infrastructure")


def _asked_or_impossible(state: RunState, limits: Settings) -> PlanStop | None:
    """Name a stop that holds at any moment."""
    if state.stop_asked and not _is_publishing(state):
        return PlanStop(f"stopped by {state.stop_asked}", "asked")
    if state.blocked:
        return PlanStop(state.blocked, state.hold.cause if state.hold else "foreign-change")
    if state.looks >= limits.gate.looks:
        minutes = round((limits.gate.looks - 1) * limits.gate.interval_s / 60)
        return PlanStop(f"no idle GPU available for {minutes} minutes", "no-idle-gpu")
    if state.proposer_lost and not isinstance(state.stage, Opened):
        return PlanStop(f"no more proposals: {state.proposer_lost}", "proposer")
    if state.proposer_away >= limits.agent.patience:
        why = state.hold.why if state.hold else "no answer"
        return PlanStop(f"the proposer was away {state.proposer_away} times in a row: {why}", "proposer")
    return None


def _is_publishing(state: RunState) -> bool:
    """Say whether a sealed commit is one git call from the branch: a proved gain must not wait for a resume."""
    return (
        isinstance(state.stage, BaselineSealed | KeepSealed | RollbackSealed)
        and not state.faults_here
        and not state.paused
    )


def _machine_unfit(state: RunState, limits: Settings) -> PlanStop | None:
    """Give up when even the way out of a faulting step only faults."""
    return machine_failed(state) if state.faults_here >= 2 * limits.round.faults else None


def used_up(state: RunState, limits: Settings) -> PlanStop | None:
    """Name a bound that is reached; it counts only between two rounds."""
    tally, stop = state.tally, limits.stop
    checks = (
        (tally.regressions_in_a_row, stop.regressions_in_a_row, "regressions", "{} regressions in a row"),
        (tally.fault_rounds, stop.fault_rounds, "infrastructure", "{} rounds in a row ended by faults of the machine"),
        (tally.empty_rounds, stop.empty_rounds, "proposer-empty", "the proposer gave nothing in {} rounds in a row"),
        (tally.rounds_since_start, state.max_rounds or stop.max_rounds, "max-rounds", "{} rounds done, as asked"),
        (tally.active_s / HOUR_S, state.max_hours or stop.max_hours, "max-hours", "{:.3g} hours used, as asked"),
        (tally.gpu_s / HOUR_S, stop.max_gpu_hours, "max-gpu-hours", "{:.3g} GPU hours used, as asked"),
        (tally.cost_usd, stop.max_cost_usd, "max-cost", "{:.2f} USD spent on the proposer, as allowed"),
        (tally.agent_tokens, stop.max_tokens, "max-cost", "{} tokens spent on the proposer, as allowed"),
    )
    for used, bound, code, text in checks:
        if bound and used >= bound:
            return PlanStop(text.format(used), code)
    return None

"""The protocol: given where a run stands, what to do next. Pure; see evolve for what each answer changes."""

from typing import assert_never

from kernel_opt.model.facts import Purpose
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import (
    Barred,
    BaselineRight,
    BaselineSealed,
    BaselineTimed,
    BaselineTraced,
    BaselineWeighed,
    Broken,
    Doubted,
    Drafted,
    Empty,
    HeadlineTimed,
    KeepSealed,
    NeedBaseline,
    Opened,
    Ready,
    Right,
    RollbackSealed,
    Runnable,
    Timed,
    Unsound,
    Vetted,
    Weighed,
    Wrong,
)
from kernel_opt.model.state import Hold, RunState, StopState
from kernel_opt.model.steps import (
    Bench,
    Check,
    Close,
    Drop,
    Finish,
    Judge,
    Measure,
    OpenRound,
    PlanStop,
    Profile,
    Propose,
    Publish,
    Rest,
    Seal,
    Step,
    Wait,
)
from kernel_opt.rules.aftermath import (
    after_break,
    after_compile,
    after_recheck,
    after_refusal,
    after_verdict,
    after_wrong,
)
from kernel_opt.rules.deeper import is_deeper_due
from kernel_opt.rules.memory.probe import end_probe
from kernel_opt.rules.spending import within_budget
from kernel_opt.rules.stop import machine_failed, reason_to_stop, used_up

FIRST_BACKOFF_S, LAST_BACKOFF_S = 60.0, 1800.0  # 1, 2, 4 ... 30 minutes: a driver reset takes seconds, a reboot minutes
TRACE_AGE_S = 12 * 3600.0  # by then clocks, neighbours and temperature are another day's
ENDS_WELL = frozenset(
    {"regressions", "max-rounds", "max-hours", "max-gpu-hours", "max-cost", "proposer-empty", "proposer"}
)
"""Stops that leave machine and time enough for the last measurement."""


def next_step(state: RunState, limits: Settings) -> Step:
    """Return the one thing to do now."""
    if state.stop is not None:
        return _ending_step(state, state.stop, limits)
    if plan := reason_to_stop(state, limits):
        return Measure(state.base, state.code, Purpose.HEADLINE) if _owes_headline(state, plan, limits) else plan
    if state.paused:
        return Rest()
    step = within_budget(_stage_step(state, limits), state, limits)
    if state.faults_here >= limits.round.faults:
        step = _way_out(state, step, limits)
    if state.hold is not None and not isinstance(step, PlanStop):
        return _wait(state.hold, limits)
    return step


def is_trace_stale(state: RunState) -> bool:
    """Say whether best changed since its trace, or the card it is measured on did, or it is of another half day.

    A trace that had to take another card is not taken again for that: the next measurement may follow it.
    """
    is_old = state.last_s - state.traced_s > TRACE_AGE_S
    return state.traced_code != state.code or state.has_moved or is_old


def _owes_headline(state: RunState, plan: PlanStop, limits: Settings) -> bool:
    """Say whether the run, ending by itself, first measures what it claims; one try, none on a machine that fails."""
    kept_since = state.tally.keeps > state.tally.headline_keeps
    fit = isinstance(state.stage, Ready) and not state.faults_here and not state.looks and not state.paused
    return plan.code in ENDS_WELL and kept_since and fit and bool(limits.round.headline_every)


def hold_length_s(hold: Hold, limits: Settings) -> float:
    """Return how long to wait before the next try."""
    if hold.cause == "gpu":
        return limits.gate.interval_s
    first_s, last_s = FIRST_BACKOFF_S, LAST_BACKOFF_S
    if hold.cause == "proposer":
        first_s, last_s = limits.agent.first_wait_s, limits.agent.longest_wait_s
    own_s = min(first_s * 2 ** min(hold.count - 1, 10), last_s)
    # Sooner than by our own measure would only use up the patience: what is asked for may be its own next try.
    return max(own_s, min(hold.retry_after_s or 0.0, 12 * LAST_BACKOFF_S))


def _wait(hold: Hold, limits: Settings) -> Wait:
    return Wait(hold.since_s + hold_length_s(hold, limits), hold.why)


def _ending_step(state: RunState, stop: StopState, limits: Settings) -> Step:
    """Write the stop summary, publish it, put everything away."""
    if stop.is_done:
        return Close(stop.reason)
    hold = state.hold
    if state.faults_here >= limits.round.faults or (hold and hold.cause == "foreign-change"):
        return Finish(stop.reason, stop.code)
    if hold and not state.stop_asked:  # a person who asked for the stop is waiting for it
        return _wait(hold, limits)
    if stop.sealed is None:
        # Code that did not hold is not left on the branch, also when there is no time to prove the one before it.
        return Seal("stop", state.code if isinstance(state.stage, Doubted) else state.tip)
    return Publish("stop", *stop.sealed)


def _way_out(state: RunState, step: Step, limits: Settings) -> Step:
    """Leave a step that only faults: out of the round, or on without what is merely nice to have."""
    if isinstance(step, Drop | OpenRound | PlanStop):
        return step
    match state.stage:
        case Ready() | HeadlineTimed(doubt=""):
            return used_up(state, limits) or OpenRound(state.round + 1)
        case BaselineWeighed():
            return Seal("baseline", state.base)
        case NeedBaseline() | BaselineRight() | BaselineTimed() | HeadlineTimed() | Doubted():
            return machine_failed(state)  # there is no round that could be dropped
        case _ if isinstance(step, Seal | Publish):
            return machine_failed(state)  # a gain that was proved is never dropped: it is sealed when the run resumes
        case _:
            return Drop(Ending.INFRASTRUCTURE, state.fault_why)


def _stage_step(state: RunState, limits: Settings) -> Step:  # noqa: C901 -- one case per stage, told in one place
    stage = state.stage
    if ended := end_probe(state):
        return ended
    match stage:
        case (
            NeedBaseline() | BaselineRight() | BaselineTimed() | BaselineWeighed() | BaselineTraced() | BaselineSealed()
        ):
            return _baseline_step(stage, state)
        case Unsound():
            return PlanStop(stage.why, stage.code)
        case Ready():
            return _between_rounds(state, limits)
        case HeadlineTimed():
            return Judge(Purpose.HEADLINE)
        case Doubted():
            is_found = stage.is_proved or state.code == state.base
            return Seal("rollback", state.code) if is_found else Measure(state.base, state.code, Purpose.HEADLINE)
        case RollbackSealed():
            return Publish("rollback", stage.old, stage.new)
        case Opened():
            return Drop(Ending.GAVE_NOTHING, state.proposer_lost) if state.proposer_lost else Propose()
        case Drafted():
            return Check()
        case Barred():
            return after_refusal(stage, limits)
        case Empty():
            return Drop(Ending.GAVE_NOTHING, stage.why)
        case Runnable():
            return after_compile(stage)
        case Broken():
            return after_break(stage, limits)
        case Wrong():
            return after_wrong(stage, limits)
        case Right():
            tries = stage.tries
            # A split is asked to help the classes that gained; until then the hypothesis names them.
            targets = stage.hypothesis.targets
            return Measure(state.code, stage.candidate.commit, Purpose.ROUND, targets, tries.is_formatted)
        case Timed():
            return Judge(Purpose.ROUND)
        case Weighed():
            return after_verdict(stage, limits)
        case Vetted():
            return after_recheck(stage, limits)
        case KeepSealed():
            return Publish("keep", stage.old, stage.new)
        case _:  # pragma: no cover (the type checker proves that there is none)
            assert_never(stage)


def _baseline_step(
    stage: NeedBaseline | BaselineRight | BaselineTimed | BaselineWeighed | BaselineTraced | BaselineSealed,
    state: RunState,
) -> Step:
    match stage:
        case NeedBaseline():
            return Bench(state.base, "baseline.log", is_baseline=True)
        case BaselineRight():
            return Measure(state.base, state.base, Purpose.NOISE)
        case BaselineTimed():
            return Judge(Purpose.NOISE)
        case BaselineWeighed():
            return Profile(state.base)
        case BaselineTraced():
            return Seal("baseline", state.base)
        case BaselineSealed():
            return Publish("baseline", stage.old, stage.new)
        case _:  # pragma: no cover (the type checker proves that there is none)
            assert_never(stage)


def _between_rounds(state: RunState, limits: Settings) -> Step:
    keeps = state.tally.keeps - state.tally.headline_keeps
    if limits.round.headline_every and keeps >= limits.round.headline_every:
        return Measure(state.base, state.code, Purpose.HEADLINE)
    if is_trace_stale(state) or is_deeper_due(state, limits):
        return Profile(state.code)
    return OpenRound(state.round + 1)

"""The protocol: given where a run stands, what to do next. Pure; see evolve for what each answer changes."""

from typing import assert_never

from kernel_opt.model.facts import Purpose
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin
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
    Drafted,
    Empty,
    HeadlineTimed,
    KeepSealed,
    NeedBaseline,
    Opened,
    Ready,
    Right,
    Runnable,
    Timed,
    Tries,
    Unsound,
    Weighed,
    Wrong,
)
from kernel_opt.model.state import Hold, RunState
from kernel_opt.model.steps import (
    Amend,
    Bench,
    Check,
    Close,
    Drop,
    Finish,
    Format,
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
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.stop import reason_to_stop

FIRST_BACKOFF_S, LAST_BACKOFF_S = 60.0, 1800.0  # 1, 2, 4 ... 30 minutes: a driver reset takes seconds, a reboot minutes
AMENDED = {Origin.QUICK_FIX: Ending.FAILED, Origin.REPAIR: Ending.WRONG, Origin.SPLIT: Ending.SPLIT_FAILED}


def next_step(state: RunState, limits: Settings) -> Step:
    """Return the one thing to do now."""
    if state.stop is not None:
        return _ending_step(state, limits)
    if plan := reason_to_stop(state, limits):
        return plan
    if state.paused:
        return Rest()
    if state.hold is not None:
        return Wait(state.hold.since_s + hold_length_s(state.hold, limits), state.hold.why)
    if state.faults_here >= limits.round.faults and (way_out := _give_up(state)):
        return way_out
    return _stage_step(state, limits)


def hold_length_s(hold: Hold, limits: Settings) -> float:
    """Return how long to wait before the next try."""
    if hold.cause == "gpu":
        return limits.gate.interval_s
    if hold.retry_after_s is not None:
        return min(hold.retry_after_s, 12 * LAST_BACKOFF_S)
    return min(FIRST_BACKOFF_S * 2 ** min(hold.count - 1, 10), LAST_BACKOFF_S)


def _ending_step(state: RunState, limits: Settings) -> Step:
    """Write the stop summary, publish it, put everything away."""
    stop = state.stop
    if stop is None or stop.is_done:
        return Close(stop.reason if stop else "")
    if state.faults_here >= limits.round.faults:
        return Finish(stop.reason, stop.code)
    if stop.sealed is None:
        return Seal("stop", state.tip)
    return Publish("stop", *stop.sealed)


def _give_up(state: RunState) -> Step | None:
    """Leave a step that only faults: out of the round, or on without what is merely nice to have."""
    why = state.hold.why if state.hold else "the machine failed again and again"
    match state.stage:
        case Ready():
            return OpenRound(state.round + 1)
        case BaselineWeighed():
            return Seal("baseline", state.base)
        case NeedBaseline() | BaselineRight() | BaselineTimed() | BaselineTraced() | BaselineSealed() | KeepSealed():
            return PlanStop(f"the machine failed {state.faults_here} times in a row: {why}", "infrastructure")
        case _:
            return Drop(Ending.INFRASTRUCTURE, why)


def _stage_step(state: RunState, limits: Settings) -> Step:  # noqa: C901 -- one case per stage, told in one place
    stage = state.stage
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
        case Unsound():
            return PlanStop(stage.why, stage.code)
        case Ready():
            return _between_rounds(state, limits)
        case HeadlineTimed():
            return Judge(Purpose.HEADLINE)
        case Opened():
            return Propose(stage.sent_back)
        case Drafted():
            return Check()
        case Barred():
            return _after_refusal(stage, limits)
        case Empty():
            return Drop(Ending.GAVE_NOTHING, stage.why)
        case Runnable():
            return Bench(stage.candidate.commit, log_name(stage.candidate, stage.tries))
        case Broken():
            return _after_break(stage, limits)
        case Wrong():
            return _after_wrong(stage, limits)
        case Right():
            return _measure(state, stage.candidate, stage.hypothesis, stage.tries)
        case Timed():
            return Judge(Purpose.ROUND)
        case Weighed():
            return _after_verdict(stage, limits)
        case KeepSealed():
            return Publish("keep", stage.old, stage.new)
        case _:
            assert_never(stage)


def _between_rounds(state: RunState, limits: Settings) -> Step:
    tally = state.tally
    if state.best and tally.keeps - tally.headline_keeps >= limits.round.headline_every:
        return Measure(state.base, state.code, Purpose.HEADLINE)
    if state.traced_code != state.code:
        return Profile(state.code)
    return OpenRound(state.round + 1)


def log_name(candidate: Candidate, tries: Tries) -> str:
    """Name the log of a candidate's benchmark after what the candidate is."""
    match candidate.origin:
        case Origin.PROPOSED:
            return "candidate.log"
        case Origin.REPAIR:
            return f"repair-{tries.repairs}.log"
        case Origin.QUICK_FIX | Origin.SPLIT | Origin.FORMATTED:
            return f"{candidate.origin.value}.log"


def _after_refusal(stage: Barred, limits: Settings) -> Step:
    if stage.cheat:
        return Drop(Ending.REFUSED, f"{stage.rule}: {stage.why}")
    if stage.origin is Origin.PROPOSED and stage.tries.send_backs < limits.round.send_backs:
        return Propose(f"{stage.rule}: {stage.why}")
    return Drop(AMENDED.get(stage.origin, Ending.GAVE_NOTHING), f"{stage.rule}: {stage.why}")


def _after_break(stage: Broken, limits: Settings) -> Step:
    if stage.kind == "unused":
        return Drop(Ending.UNUSED, stage.why)
    if stage.tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"does not run after formatting: {stage.why}")
    if stage.trivial and stage.tries.fixes < limits.round.quick_fixes:
        return Amend(Origin.QUICK_FIX, stage.hypothesis, stage.candidate, stage.why)
    return Drop(Ending.FAILED, stage.why)


def _after_wrong(stage: Wrong, limits: Settings) -> Step:
    if stage.tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"wrong after formatting: {stage.why}")
    if stage.tries.repairs < limits.round.repairs:
        return Amend(Origin.REPAIR, stage.hypothesis, stage.candidate, stage.why)
    return Drop(Ending.WRONG, f"still wrong after {stage.tries.repairs} repairs: {stage.why}")


def _measure(state: RunState, candidate: Candidate, hypothesis: Hypothesis, tries: Tries) -> Measure:
    # A split is asked to help the classes that gained; until then the hypothesis names them.
    return Measure(state.code, candidate.commit, Purpose.ROUND, hypothesis.targets, tries.is_formatted)


def _after_verdict(stage: Weighed, limits: Settings) -> Step:
    verdict, tries = stage.verdict, stage.tries
    if is_keepable(verdict, stage.candidate, limits):
        return Seal("keep", stage.candidate.commit, verdict) if tries.is_formatted else Format(stage.candidate)
    if tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"the gain did not outlast formatting: {verdict.sentence}")
    if verdict.outcome is Outcome.DIVERGING and not tries.is_split:
        return Amend(Origin.SPLIT, stage.hypothesis, stage.candidate, verdict.sentence)
    if tries.is_split:
        return Drop(Ending.SPLIT_FAILED, verdict.sentence)
    endings = {
        Outcome.WORSE: Ending.REGRESSION,
        Outcome.TIE: Ending.TIE,
        Outcome.UNCLEAR: Ending.UNCLEAR,
        Outcome.DIVERGING: Ending.DIVERGING,
    }
    return Drop(endings.get(verdict.outcome, Ending.UNCLEAR), verdict.sentence)


def is_keepable(verdict: Verdict, candidate: Candidate, limits: Settings) -> bool:
    """Say whether the verdict is for keeping: better, or (if wished) simpler and shown to be not slower."""
    if verdict.outcome is Outcome.BETTER:
        return True
    if not limits.keep_simpler_ties or verdict.outcome is not Outcome.TIE or verdict.overall_interval is None:
        return False
    removes = candidate.lines_removed > candidate.lines_added
    return removes and verdict.overall_interval[1] <= 1 + limits.judge.min_effect_pct / 100

"""What those facts change that may come at any stage: people's wishes, waits, faults, the end of the run."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Fact
from kernel_opt.model.round_facts import Sealed
from kernel_opt.model.stages import Stage, Tries
from kernel_opt.model.state import Hold, RunState, StopState
from kernel_opt.rules.spending import spent

Change = Callable[[RunState, Any, float], RunState]
"""The fact's type is the table's key: Any here keeps the rows free of casts. The number is when it happened."""

BLOCKING = frozenset({"foreign-change", "wrong-card"})
"""Faults that no wait mends: the branch was moved, or what binds a child to its card does not."""
DISTURBANCES_PER_FAULT = 5  # a neighbour that came five times will come again: better to wait than to measure


def settled(state: RunState) -> RunState:
    """Forget what was in the way: the step was done."""
    return replace(state, faults_here=0, fault_why="", disturbances_here=0, looks=0, proposer_away=0, hold=None)


def sealed_summary(state: RunState, stop: StopState, fact: Sealed) -> RunState:
    """Remember the stop summary's commit; the branch moves to it next."""
    return replace(settled(state), stop=replace(stop, sealed=(fact.old, fact.new)))


def _run_started(state: RunState, fact: f.RunStarted, at_s: float) -> RunState:
    places = {"tag": fact.tag, "base": fact.base, "worktree": fact.worktree, "repository": fact.repository}
    return replace(state, **places, started_s=at_s)


def _daemon_started(state: RunState, fact: f.DaemonStarted, _: float) -> RunState:
    """A crash changes nothing; a person's wish starts all limits afresh."""
    state = replace(state, sandbox=fact.sandbox)
    if not fact.wished:
        return state
    fresh: Stage = state.stage
    if isinstance(state.stage, g.Unsound):
        fresh = g.Ready() if state.best else g.NeedBaseline()
    counters = ("regressions_in_a_row", "fault_rounds", "empty_rounds", "refusals_in_a_row", "rounds_since_start")
    return replace(
        settled(state),
        stage=fresh,
        tally=replace(state.tally, active_s=0.0, refused=(), **dict.fromkeys(counters, 0)),
        stop=_unfinished(state.stop),
        stop_asked="",
        blocked="",
        proposer_lost="",
        paused=fact.pause,
        max_rounds=fact.max_rounds,
        max_hours=fact.max_hours,
    )


def _unfinished(stop: StopState | None) -> StopState | None:
    """Keep a stop whose summary may be on the branch already; forgotten, it would look like a stranger's commit."""
    if stop is None or stop.is_done or stop.sealed is None:
        return None
    return replace(stop, goes_on=True)


def _no_idle_gpu(state: RunState, fact: f.NoIdleGpu, at_s: float) -> RunState:
    """Count looks; time spent in a queue is a look at its beginning and one at its end, and needs no wait after it."""
    looks = state.looks + (2 if fact.waited_s and not state.looks else 1)
    return replace(state, looks=looks, hold=Hold("gpu", at_s - fact.waited_s, looks, "; ".join(fact.why)))


def _disturbed(state: RunState, fact: f.Disturbed, at_s: float) -> RunState:
    """Measure again at once (the gate looks first anyway), and after some times wait like for a fault."""
    times = state.disturbances_here + 1
    state = replace(_gpu_spent(state, fact.gpu_s), disturbances_here=times, looks=0)
    if times % DISTURBANCES_PER_FAULT:
        return state
    return _held(state, "disturbed", f"disturbed {times} times: {'; '.join(fact.why)}", at_s)


def _faulted(state: RunState, fact: f.Faulted, at_s: float) -> RunState:
    held = _held(_gpu_spent(state, fact.gpu_s), fact.kind, fact.why, at_s)
    return replace(held, blocked=fact.why) if fact.kind in BLOCKING else held


def _held(state: RunState, cause: str, why: str, at_s: float) -> RunState:
    faults = state.faults_here + 1
    return replace(state, faults_here=faults, fault_why=why, hold=Hold(cause, at_s, faults, why))


def _gpu_spent(state: RunState, gpu_s: float) -> RunState:
    return replace(state, tally=replace(state.tally, gpu_s=state.tally.gpu_s + gpu_s))


def _proposer_away(state: RunState, fact: f.ProposerAway, at_s: float) -> RunState:
    times = state.proposer_away + 1
    state = replace(state, tally=spent(state.tally, fact.usage, at_s))
    if fact.final:  # no wait would help
        return replace(state, proposer_away=times, proposer_lost=fact.why)
    hold = Hold("proposer", at_s, times, fact.why, fact.retry_after_s)
    return replace(state, proposer_away=times, hold=hold)


def _waited(state: RunState, _: f.Waited, __: float) -> RunState:
    return replace(state, hold=None)


def _stop_asked(state: RunState, fact: f.StopAsked, at_s: float) -> RunState:
    return replace(state, stop_asked=fact.by, tally=spent(state.tally, fact.usage, at_s))


def _paused(state: RunState, _: f.Paused, __: float) -> RunState:
    return replace(state, paused=True)


def _unpaused(state: RunState, _: f.Unpaused, __: float) -> RunState:
    return replace(state, paused=False)


def _stop_planned(state: RunState, fact: f.StopPlanned, at_s: float) -> RunState:
    return replace(settled(state), stop=StopState(fact.reason, fact.code, planned_s=at_s))


def _stopped(state: RunState, fact: f.Stopped, _: float) -> RunState:
    stop = state.stop or StopState(fact.reason, fact.code)
    state = replace(settled(state), stop=None if stop.goes_on else replace(stop, is_done=True))
    return _onto_summary(state, fact.best) if stop.sealed and stop.sealed[1] == fact.best else state


def _onto_summary(state: RunState, commit: str) -> RunState:
    """The branch stands on the stop summary: what was sealed on top of something else must be sealed again."""
    stage = state.stage
    match stage:
        case g.BaselineSealed():
            stage = g.BaselineTraced(stage.run)
        case g.KeepSealed():
            parts = (stage.hypothesis, stage.candidate, stage.run, stage.verdict, stage.trace)
            stage = g.Vetted(*parts, Tries(is_formatted=True), stage.passes)
        case g.RollbackSealed():
            stage = g.Doubted(stage.why, is_proved=True)
        case _:
            pass
    if state.best is None:
        return replace(state, stage=stage, bare_tip=commit)
    return replace(state, stage=stage, best=replace(state.best, commit=commit))


CHANGES: dict[type[Fact], Change] = {
    f.RunStarted: _run_started,
    f.DaemonStarted: _daemon_started,
    f.NoIdleGpu: _no_idle_gpu,
    f.Disturbed: _disturbed,
    f.Faulted: _faulted,
    f.ProposerAway: _proposer_away,
    f.Waited: _waited,
    f.StopAsked: _stop_asked,
    f.Paused: _paused,
    f.Unpaused: _unpaused,
    f.StopPlanned: _stop_planned,
    f.Stopped: _stopped,
}

"""What a fact changes: the fold of a journal into the state of a run."""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import Hold, RunState, StopState
from kernel_opt.rules.moves import MOVES
from kernel_opt.rules.tally import counted

Change = Callable[[RunState, Entry], RunState]
F = TypeVar("F", bound=Fact)
DISTURBANCES_PER_FAULT = 5  # a neighbour that came five times will come again: better to wait than to measure


def evolve(state: RunState, entry: Entry) -> RunState:
    """Return the state after one more fact; a fact that does not fit is a journal of something else."""
    ticked = _pass_time(state, entry)
    change = _CHANGES.get(type(entry.fact))
    if change is not None:
        return change(ticked, entry)
    move = MOVES.get((type(state.stage), type(entry.fact)))
    if move is None:
        raise ReadFailedError(
            f"journal entry {entry.seq}: {type(entry.fact).__name__} cannot follow {type(state.stage).__name__}",
            "this journal was not written by kernel-opt's own protocol; move it away to start afresh",
        )
    moved = move(counted(_settled(ticked), entry), entry.fact)
    return replace(moved, round=entry.fact.round) if isinstance(entry.fact, r.RoundOpened) else moved


def _pass_time(state: RunState, entry: Entry) -> RunState:
    """Count the time since the last fact, unless no daemon lived in between or the clock was set back."""
    passed = 0.0 if isinstance(entry.fact, f.DaemonStarted) or not state.last_s else entry.at_s - state.last_s
    tally = replace(state.tally, active_s=state.tally.active_s + max(0.0, passed))
    return replace(state, tally=tally, last_s=entry.at_s)


def _settled(state: RunState) -> RunState:
    """Forget what was in the way: the step was done."""
    return replace(state, faults_here=0, disturbances_here=0, looks=0, proposer_away=0, hold=None)


def _run_started(state: RunState, entry: Entry) -> RunState:
    fact = _as(entry.fact, f.RunStarted)
    return replace(
        state,
        tag=fact.tag,
        base=fact.base,
        worktree=fact.worktree,
        repository=fact.repository,
        started_s=entry.at_s,
    )


def _daemon_started(state: RunState, entry: Entry) -> RunState:
    """A crash changes nothing; a person's wish starts all limits afresh."""
    fact = _as(entry.fact, f.DaemonStarted)
    if not fact.wished:
        return state
    fresh: Stage = state.stage
    if isinstance(state.stage, g.Unsound):
        fresh = g.Ready() if state.best else g.NeedBaseline()
    tally = replace(
        state.tally,
        regressions_in_a_row=0,
        fault_rounds=0,
        empty_rounds=0,
        refusals_in_a_row=0,
        rounds_since_start=0,
        active_s=0.0,
    )
    return replace(
        _settled(state),
        stage=fresh,
        tally=tally,
        stop=None,
        stop_asked="",
        blocked="",
        proposer_lost="",
        paused=fact.pause,
        max_rounds=fact.max_rounds,
        max_hours=fact.max_hours,
    )


def _no_idle_gpu(state: RunState, entry: Entry) -> RunState:
    fact = _as(entry.fact, f.NoIdleGpu)
    hold = Hold("gpu", entry.at_s, state.looks + 1, "; ".join(fact.why))
    return replace(state, looks=state.looks + 1, hold=hold)


def _disturbed(state: RunState, entry: Entry) -> RunState:
    """Measure again at once (the gate looks first anyway), and after some times wait like for a fault."""
    fact = _as(entry.fact, f.Disturbed)
    times = state.disturbances_here + 1
    tally = replace(state.tally, gpu_s=state.tally.gpu_s + fact.gpu_s)
    state = replace(state, disturbances_here=times, looks=0, tally=tally)
    if times % DISTURBANCES_PER_FAULT:
        return state
    why = f"disturbed {times} times: {'; '.join(fact.why)}"
    faults = state.faults_here + 1
    return replace(state, faults_here=faults, hold=Hold("disturbed", entry.at_s, faults, why))


def _faulted(state: RunState, entry: Entry) -> RunState:
    fact = _as(entry.fact, f.Faulted)
    times = state.faults_here + 1
    tally = replace(state.tally, gpu_s=state.tally.gpu_s + fact.gpu_s)
    blocked = fact.why if fact.kind == "foreign-change" else state.blocked
    hold = Hold(fact.kind, entry.at_s, times, fact.why)
    return replace(state, faults_here=times, hold=hold, tally=tally, blocked=blocked)


def _proposer_away(state: RunState, entry: Entry) -> RunState:
    fact = _as(entry.fact, f.ProposerAway)
    times = state.proposer_away + 1
    hold = Hold("proposer", entry.at_s, times, fact.why, fact.retry_after_s)
    return replace(state, proposer_away=times, hold=hold, proposer_lost=fact.why if fact.final else state.proposer_lost)


def _waited(state: RunState, entry: Entry) -> RunState:
    del entry
    return replace(state, hold=None)


def _stop_asked(state: RunState, entry: Entry) -> RunState:
    return replace(state, stop_asked=_as(entry.fact, f.StopAsked).by)


def _paused(state: RunState, entry: Entry) -> RunState:
    del entry
    return replace(state, paused=True)


def _unpaused(state: RunState, entry: Entry) -> RunState:
    del entry
    return replace(state, paused=False)


def _stop_planned(state: RunState, entry: Entry) -> RunState:
    from_fact = _as(entry.fact, f.StopPlanned)
    return replace(_settled(state), stop=StopState(from_fact.reason, from_fact.code))


def _sealed(state: RunState, entry: Entry) -> RunState:
    """The stop summary is sealed outside of any round; all other seals are moves of a stage."""
    fact = _as(entry.fact, r.Sealed)
    if state.stop is not None and fact.purpose == "stop":
        return replace(_settled(state), stop=replace(state.stop, sealed=(fact.old, fact.new)))
    move = MOVES.get((type(state.stage), r.Sealed))
    if move is None or fact.purpose == "stop":
        raise ReadFailedError(f"journal entry {entry.seq}: nothing to seal in {type(state.stage).__name__}")
    return move(_settled(state), fact)


def _stopped(state: RunState, entry: Entry) -> RunState:
    fact = _as(entry.fact, f.Stopped)
    sealed = state.stop.sealed if state.stop else None
    moved = bool(sealed and sealed[1] == fact.best)
    best = replace(state.best, commit=fact.best) if moved and state.best else state.best
    base_tip = fact.best if moved and not state.best else state.bare_tip
    stop = StopState(fact.reason, fact.code, sealed, is_done=True)
    return replace(_settled(state), stop=stop, best=best, bare_tip=base_tip)


def _as(fact: Fact, kind: type[F]) -> F:
    """Narrow a fact to the kind its table row promises."""
    if not isinstance(fact, kind):
        raise TypeError(f"{type(fact).__name__} is not {kind.__name__}")
    return fact


_CHANGES: dict[type[Fact], Change] = {
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
    r.Sealed: _sealed,
    f.Stopped: _stopped,
}

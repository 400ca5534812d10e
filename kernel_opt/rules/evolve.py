"""What a fact changes: the fold of a journal into the state of a run."""

from msgspec.structs import replace

from kernel_opt.model import stages as g
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import DaemonStarted, Entry, Fact
from kernel_opt.model.round_facts import Edited, Explained, GaveNothing, Proposed, Sealed
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import RunState
from kernel_opt.rules.changes import CHANGES, sealed_summary, settled
from kernel_opt.rules.moves import MOVES
from kernel_opt.rules.pace import note_pace
from kernel_opt.rules.tally import counted

SEALS: dict[type[Stage], str] = {
    g.BaselineWeighed: "baseline", g.BaselineTraced: "baseline", g.Vetted: "keep", g.Doubted: "rollback",
    g.Weighed: "keep",
}  # fmt: skip
"""What is sealed in which stage; the stop summary in any. Old runs sealed a keep without any re-check."""


def evolve(state: RunState, entry: Entry) -> RunState:
    """Return the state after one more fact; a fact that does not fit is a journal of something else."""
    fact = entry.fact
    ticked = _pass_time(state, entry)
    change = CHANGES.get(type(fact))
    if change is not None:
        return change(ticked, fact, entry.at_s)
    if isinstance(fact, Sealed) and fact.purpose == "stop" and state.stop is not None:
        return sealed_summary(ticked, state.stop, fact)
    move = MOVES.get((type(state.stage), type(fact)))
    if move is None or not _is_due(state, fact):
        raise ReadFailedError(
            f"journal entry {entry.seq}: {type(fact).__name__} cannot follow {type(state.stage).__name__}",
            "this journal was not written by kernel-opt's own protocol; move it away to start afresh",
        )
    return replace(move(counted(settled(ticked), entry), fact), stage_s=entry.at_s)


def _is_due(state: RunState, fact: Fact) -> bool:
    return not isinstance(fact, Sealed) or fact.purpose == SEALS.get(type(state.stage))


def _pass_time(state: RunState, entry: Entry) -> RunState:
    """Count the time since the last fact, unless no daemon lived in between, it rested, or the clock was set back."""
    is_idle = isinstance(entry.fact, DaemonStarted) or not state.last_s or state.paused
    passed = 0.0 if is_idle else entry.at_s - state.last_s
    tally = replace(state.tally, active_s=state.tally.active_s + max(0.0, passed))
    pace = note_pace(state.pace, entry, state.last_s, is_idle=is_idle)
    agent_s = entry.at_s if isinstance(entry.fact, Proposed | Edited | Explained | GaveNothing) else state.agent_s
    return replace(state, tally=tally, pace=pace, agent_s=agent_s, last_s=entry.at_s)

"""What a fact changes: the fold of a journal into the state of a run."""

from msgspec.structs import replace

from kernel_opt.model import stages as g
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import DaemonStarted, Entry, Fact
from kernel_opt.model.round_facts import Edited, Explained, GaveNothing, Kept, Proposed, RoundOpened, Sealed
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import RunState
from kernel_opt.rules.changes import CHANGES, sealed_summary, settled
from kernel_opt.rules.lanes import TRUNK, focus, note_card, pass_by, settle_round
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
    ticked = note_card(_pass_time(_in_view(state, entry), entry), entry)
    change = CHANGES.get(type(fact))
    if change is not None:
        return change(ticked, fact, entry.at_s)
    if isinstance(fact, Sealed) and fact.purpose == "stop" and state.stop is not None:
        return sealed_summary(ticked, state.stop, fact)
    move = MOVES.get((type(ticked.stage), type(fact)))
    if move is None or not _is_due(ticked, fact):
        raise ReadFailedError(
            f"journal entry {entry.seq}: {type(fact).__name__} cannot follow {type(ticked.stage).__name__}",
            "this journal was not written by kernel-opt's own protocol; move it away to start afresh",
        )
    return settle_round(replace(move(counted(settled(ticked), entry), fact), stage_s=entry.at_s))


def _in_view(state: RunState, entry: Entry) -> RunState:
    """Bring the round into view that the fact is about; one that is opened now begins on the trunk."""
    is_new = isinstance(entry.fact, RoundOpened) and entry.fact.round > state.opened > 0
    return focus(state, TRUNK if is_new else entry.round)


def _is_due(state: RunState, fact: Fact) -> bool:
    """Say whether the stage seals this, and whether what is kept was weighed against what stands on the branch."""
    if isinstance(fact, Kept) and state.moved_on is not None:
        return False
    if not isinstance(fact, Sealed):
        return True
    return fact.purpose == SEALS.get(type(state.stage)) and (fact.purpose != "keep" or state.moved_on is None)


def _pass_time(state: RunState, entry: Entry) -> RunState:
    """Count the time since the last fact, unless no daemon lived in between, it rested, or the clock was set back."""
    is_idle = isinstance(entry.fact, DaemonStarted) or not state.last_s or state.paused
    passed = 0.0 if is_idle else entry.at_s - state.last_s
    tally = replace(state.tally, active_s=state.tally.active_s + max(0.0, passed))
    pace = note_pace(state.pace, entry, state.here_s or state.last_s, is_idle=is_idle)
    agent_s = entry.at_s if isinstance(entry.fact, Proposed | Edited | Explained | GaveNothing) else state.agent_s
    state = replace(state, tally=tally, pace=pace, agent_s=agent_s, last_s=entry.at_s, here_s=entry.at_s)
    return pass_by(state, entry, is_idle=is_idle)

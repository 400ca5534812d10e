"""Several rounds open at once: which one a fact is about, and what each knows of itself.

All other rules see one round: the one in focus. What the others know of themselves is parked; the trunk, which is what
goes on between rounds, is parked too while it has something in its way. With one lane nothing is ever parked.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Entry
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import Parked, RunState

TRUNK = -1
"""Stands for what goes on between rounds where rounds are told by their numbers."""
_CARD_HELD = (f.Benched, f.BenchedWrong, f.Broke, f.Measured, f.Traced, f.Disturbed, r.Rechecked)
_OF_ROUNDS = (
    g.Opened, g.Drafted, g.Barred, g.Empty, g.Runnable, g.Broken, g.Wrong, g.Right, g.Timed, g.Weighed, g.Vetted,
    g.KeepSealed,
)  # fmt: skip


def is_open(stage: Stage) -> bool:
    """Say whether a stage is one of a round that has not ended."""
    return isinstance(stage, _OF_ROUNDS)


def open_rounds(state: RunState) -> tuple[int, ...]:
    """Return the numbers of all open rounds, oldest first."""
    here = (state.round,) if is_open(state.stage) else ()
    return tuple(sorted((*here, *(one.round for one in state.parked if is_open(one.stage)))))


def under_way(state: RunState) -> tuple[str, ...]:
    """Return the hypotheses of the other open rounds: nobody should propose the same."""
    claims = (getattr(one.stage, "hypothesis", None) for one in state.parked)
    return tuple(claim.sentence for claim in claims if claim is not None)


def free_lane(state: RunState) -> int:
    """Return the first lane that no open round has."""
    taken = {one.lane for one in state.parked if is_open(one.stage)}
    taken |= {state.lane} if is_open(state.stage) else set()
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def trunk_number(state: RunState) -> int:
    """Return the number under which a fact of the trunk is written: that of the round before, or of the one to come."""
    return state.opened + 1 if open_rounds(state) else state.opened or state.round


def focus(state: RunState, number: int) -> RunState:
    """Return the state with this round in view, or with the trunk where it is the number of no open round."""
    if number == TRUNK:
        number = trunk_number(state)
    if is_open(state.stage) and state.round == number:
        return state
    there = next((one for one in state.parked if one.round == number and is_open(one.stage)), None)
    if there is None:
        # Outside of lanes a fact belongs to where the run stands, whatever its number.
        return _onto_trunk(state) if number > state.opened and is_open(state.stage) and state.opened else state
    return _swap(state, there)


def on_branch(state: RunState) -> RunState:
    """Return the state as it is told to people: best is what stands on the branch, whichever round is in view."""
    return state if state.moved_on is None else replace(state, best=state.moved_on, moved_on=None)


def settle_round(state: RunState) -> RunState:
    """Return the state after a move: when a round has ended, the trunk is in view, with what it had in its way."""
    if is_open(state.stage) or not state.parked:
        return state
    trunk = next((one for one in state.parked if not is_open(one.stage)), None)
    return state if trunk is None else _take(_without(state, trunk), trunk)


def note_card(state: RunState, entry: Entry) -> RunState:
    """Begin the looks for a card anew for every round: one was to be had, if only by another round of this run."""
    if not isinstance(entry.fact, _CARD_HELD) or not any(one.looks for one in state.parked):
        return state
    return with_parked(state, lambda one: replace(one, looks=0))


def pass_by(state: RunState, entry: Entry, *, is_idle: bool) -> RunState:
    """Count the time in which nobody was at work as waiting, for every round."""
    if not is_idle or not state.parked:
        return state

    def waited(one: Parked) -> Parked:
        return replace(one, waited_s=one.waited_s + max(0.0, entry.at_s - one.here_s), here_s=entry.at_s)

    return with_parked(state, waited)


def with_parked(state: RunState, change: Callable[[Parked], Parked]) -> RunState:
    """Return the state with every parked round changed."""
    return replace(state, parked=tuple(change(one) for one in state.parked)) if state.parked else state


def _onto_trunk(state: RunState) -> RunState:
    trunk = next((one for one in state.parked if not is_open(one.stage)), None)
    return _swap(state, trunk or Parked(round=state.opened, lane=1, stage=g.Ready(), best=None))


def _swap(state: RunState, to: Parked) -> RunState:
    """Park what is in view, unless it is a trunk with nothing to remember, and take the other."""
    is_bare = not is_open(state.stage) and not (state.faults_here or state.looks or state.hold)
    left = tuple(one for one in state.parked if one is not to)
    left = left if is_bare else (*left, _park(state))
    return _take(replace(state, parked=tuple(sorted(left, key=lambda one: (is_open(one.stage), one.round)))), to)


def _without(state: RunState, gone: Parked) -> RunState:
    return replace(state, parked=tuple(one for one in state.parked if one is not gone))


def _park(state: RunState) -> Parked:
    return Parked(
        best=state.best if is_open(state.stage) else None,
        spent=state.tally.in_round,
        since_s=state.pace.round_since_s,
        waited_s=state.pace.round_waited_s,
        **{name: getattr(state, name) for name in _ALIKE},
    )


def _take(state: RunState, one: Parked) -> RunState:
    on_branch = state.branch_best
    is_behind = one.best is not None and on_branch is not None and one.best.code != on_branch.code
    alike: dict[str, Any] = {name: getattr(one, name) for name in _ALIKE}
    return replace(
        state,
        best=one.best if is_behind else on_branch,
        moved_on=on_branch if is_behind else None,
        tally=replace(state.tally, in_round=one.spent),
        pace=replace(state.pace, round_since_s=one.since_s, round_waited_s=one.waited_s),
        **alike,
    )


_ALIKE = tuple(name for name in Parked.__struct_fields__ if name not in {"best", "spent", "since_s", "waited_s"})
"""What a parked round and the state call by the same name."""

"""One track of a study, read from its journal: how fast best was after each round, and whether it counts."""

from collections.abc import Iterable

from msgspec import Struct

from kernel_opt.model.facts import Entry, Measured, Purpose
from kernel_opt.model.round_facts import Dropped, Kept
from kernel_opt.model.state import RunState
from kernel_opt.model.study import TrackName
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.study import ENDS_FAIR
from kernel_opt.views.gains import is_headline_current


class Track(Struct, frozen=True, kw_only=True):
    """One run of a study."""

    tag: str
    arm: str
    seed: int
    is_done: bool = False
    """It has had its budget, or has ended before by its own rules; only then it counts."""
    why: str = ""
    """Why it ended, or what is missing."""
    begun: int = 0
    """Rounds that were begun."""
    rounds: int = 0
    """Rounds that ended."""
    measured: int = 0
    """Rounds whose candidate was timed against best."""
    keeps: int = 0
    speed_up: float | None = None
    """Of best over the baseline at the end of the budget; None before there is a baseline."""
    is_afresh: bool = False
    """That was measured with the two in turn, after the last keep; else it is the product of the rounds' verdicts."""
    curve: tuple[float, ...] = ()
    """Speed-up after each round of the budget; what ended early stays where it was."""
    gpu_s: float = 0.0
    calls: int = 0
    """Calls of models; what a proposer without one did is not counted."""
    tokens: int = 0
    cost_usd: float = 0.0


def read_track(name: TrackName, past: Iterable[Entry], rounds: int) -> Track:
    """Fold a journal up to the end of its run."""
    state, curve, measured = RunState(), list[float](), set[int]()
    for entry in past:
        state = evolve(state, entry)
        if isinstance(entry.fact, Kept | Dropped):
            curve.append(_speed_up(state))
        elif isinstance(entry.fact, Measured) and entry.fact.purpose is Purpose.ROUND:
            measured.add(entry.round)
    is_over = len(curve) > rounds  # stopped in its last round and resumed: what came after is not in the budget
    last = curve[rounds - 1] if is_over else _speed_up(state)
    # What was measured afresh at the end is what is known of the end.
    level = [*curve[: min(len(curve), rounds) - 1], last] if curve else []
    is_done, why = _ending(state, len(curve), rounds)
    return Track(
        tag=name.tag,
        arm=name.arm,
        seed=name.seed,
        is_done=is_done,
        why=why,
        begun=state.round,
        rounds=len(curve),
        measured=len(measured),
        keeps=state.tally.keeps,
        speed_up=last if state.best else None,
        is_afresh=not is_over and is_headline_current(state),
        curve=(*level, *[last] * (rounds - len(level))) if state.best else (),
        gpu_s=round(state.tally.gpu_s, 1),
        calls=sum(one.calls for one in state.tally.agents),
        tokens=state.tally.agent_tokens,
        cost_usd=round(state.tally.cost_usd, 4),
    )


def _speed_up(state: RunState) -> float:
    return 1 / state.best.claimed if state.best else 1.0


def _ending(state: RunState, ended: int, rounds: int) -> tuple[bool, str]:
    """Say whether a track is done, and why it ended."""
    stop = state.stop
    if stop is None or not stop.is_done:
        return False, "under way" if state.tag else "not begun"
    if state.best is None:
        return False, stop.reason
    if ended >= rounds:
        return True, stop.reason
    # A proposer without a model that has no more to propose has run dry; one with a model is barred from it.
    is_dry = stop.code == "proposer" and not state.tally.agents
    is_fair = (stop.code in ENDS_FAIR and stop.code != "max-rounds") or is_dry
    return is_fair, stop.reason

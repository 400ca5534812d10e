"""What each of several open rounds does, on which card, and why it waits."""

from typing import Any

from kernel_opt.model import steps as s
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.rules.lane_steps import ON_CARD, lanes_of, round_step
from kernel_opt.rules.lanes import focus, open_rounds
from kernel_opt.views.snapshot_nouns import LaneNow
from kernel_opt.views.step_words import tell_step


def lanes_now(state: RunState, limits: Settings) -> tuple[LaneNow, ...]:
    """Return all open rounds, oldest first; none for a run that opens one after the other."""
    numbers = open_rounds(state)
    if lanes_of(limits) == 1 and len(numbers) < 2:
        return ()
    found: list[LaneNow] = []
    taken: list[s.Step] = []
    for number in numbers:
        view = focus(state, number)
        step = round_step(view, limits)
        found.append(_tell(view, step, _find_wait(view, step, taken, limits)))
        taken.append(step)
    return tuple(found)


def _tell(view: RunState, step: s.Step, wait: str) -> LaneNow:
    return LaneNow(
        lane=view.lane,
        round=view.round,
        step=type(step).__name__,
        text=wait or tell_step(step),
        since_s=view.here_s or view.stage_s,
        is_waiting=bool(wait),
        card=_card(view.stage),
        is_behind=view.moved_on is not None,
    )


def _find_wait(view: RunState, step: s.Step, before: list[s.Step], limits: Settings) -> str:
    """Say why a round does not get on; the others that come first may be those that are in its way."""
    if isinstance(step, s.Wait):
        return step.reason
    if isinstance(step, s.Profile) and any(isinstance(one, s.Profile) for one in before):
        return "waits for the trace of the new best, which another round takes"
    if isinstance(step, s.Recheck) and any(isinstance(one, s.Recheck) for one in before):
        return "waits for another round that may be kept first"
    if isinstance(step, ON_CARD) and sum(isinstance(one, ON_CARD) for one in before) >= lanes_of(limits):
        return "drafted ahead, waits for a lane with a card"
    return "the run ends" if view.stop is not None else ""


def _card(stage: Any) -> str:
    """Return the card of the round's last benchmark or measurement."""
    measurement = getattr(stage, "measurement", None)
    if measurement is not None and measurement.runs:
        return str(measurement.runs[-1].card)
    run = getattr(stage, "run", None)
    return "" if run is None else str(run.card)

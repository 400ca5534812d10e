"""How many times as fast best is as the kernel as found, per class and for the whole."""

import math
from typing import NamedTuple

from kernel_opt.model.state import RunState
from kernel_opt.views.format import us_text
from kernel_opt.views.gains import class_gains, is_headline_current


class ClassSpeed(NamedTuple):
    """One config class."""

    key: str
    baseline_us: float | None
    best_us: float | None
    speed_up: float | None


def class_speed_ups(state: RunState) -> tuple[ClassSpeed, ...]:
    """Return every class: by the fresh measurement when it is of this best, else by one benchmark run of each."""
    afresh = {one.key: one.ratio for one in state.headline.classes} if _is_fresh(state) and state.headline else {}
    found: list[ClassSpeed] = []
    for one in class_gains(state):
        ratio = afresh.get(one.key)
        by_runs = one.baseline_us / one.best_us if one.baseline_us and one.best_us else None
        found.append(ClassSpeed(one.key, one.baseline_us, one.best_us, 1 / ratio if ratio else by_runs))
    return tuple(found)


def overall_speed_up(state: RunState) -> float | None:
    """Return the whole kernel's: the geometric mean over the classes, unless it was measured as a whole."""
    if _is_fresh(state) and state.headline and state.headline.overall_ratio:
        return 1 / state.headline.overall_ratio
    found = [one.speed_up for one in class_speed_ups(state)]
    known = [one for one in found if one]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known and len(known) == len(found) else None


def how_known(state: RunState) -> str:
    """Say what the speed-ups rest on."""
    if _is_fresh(state) and state.headline:
        return f"measured afresh, {state.headline.pairs} pairs of both in turn"
    return "from one benchmark run of each, not measured afresh"


def times_text(speed_up: float | None) -> str:
    """Write a speed-up: 1.04x, 8.3x, 31x."""
    if speed_up is None:
        return "?"
    return f"{speed_up:.2f}x" if speed_up < 2 else f"{speed_up:.1f}x" if speed_up < 20 else f"{speed_up:.0f}x"


def table_of(state: RunState) -> list[tuple[str, str, str, str]]:
    """Return the classes as cells: key, us as found, us of best, speed-up."""
    return [
        (one.key, us_text(one.baseline_us), us_text(one.best_us), times_text(one.speed_up))
        for one in class_speed_ups(state)
    ]


def _is_fresh(state: RunState) -> bool:
    return state.headline is not None and state.tally.keeps > 0 and is_headline_current(state)

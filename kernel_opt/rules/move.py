"""What every move needs: its type, and the few things all moves do alike."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kernel_opt.model.facts import Fact, Measured
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import RunState

Move = Callable[[RunState, Any], RunState]
"""The fact's type is the table's key: Any here keeps the rows free of casts."""

Moves = dict[tuple[type[Stage], type[Fact]], Move]

BANK_MEASUREMENTS = 12  # each holds a run of best or more; the bank looks at the last 24 runs


def to_stage(state: RunState, stage: Stage) -> RunState:
    """Return the state at another stage."""
    return replace(state, stage=stage)


def at(state: RunState, *kinds: type[Any]) -> Any:
    """Return the stage, which the table promises to be one of ``kinds``."""
    if not isinstance(state.stage, kinds):
        promised = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"the table promised {promised}, the state holds {type(state.stage).__name__}")
    return state.stage


def banked(state: RunState, fact: Measured) -> RunState:
    """Remember how best ran: as many measurements as the bank takes, besides the one that is being weighed."""
    measurements = (*state.measurements, fact.measurement)[-BANK_MEASUREMENTS - 1 :]
    cards = {run.card for run in fact.measurement.runs[-1:]}
    has_moved = bool(state.traced_card and cards) and state.traced_card not in cards
    return replace(state, measurements=measurements, has_moved=has_moved)

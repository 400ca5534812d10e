"""Probe rounds: code that may be wrong on purpose, timed once to learn what a cost is worth, and never kept."""

import math
from collections.abc import Mapping

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.explore import Aim
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Right, Wrong
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Drop


def is_probe(state: RunState) -> bool:
    """Say whether the round under way was opened as a probe; nothing that its proposer says makes it one or not."""
    return state.ask is not None and state.ask.aim is Aim.PROBE


def end_probe(state: RunState) -> Drop | None:
    """End a probe as soon as it ran, right or wrong: it gets neither repairs nor a verdict, so it can never be kept."""
    if not is_probe(state):
        return None
    match state.stage:
        case Right():
            us = {row.key: row.us for row in state.stage.run.rows}
            return Drop(Ending.PROBED, tell_probe(state.best.run if state.best else None, us))
        case Wrong():
            told = tell_probe(state.best.run if state.best else None, state.stage.us)
            return Drop(Ending.PROBED, f"{told}; its numbers are wrong, as they may be")
        case _:
            return None


def tell_probe(best: BenchRun | None, us: Mapping[str, float]) -> str:
    """Say what the probed cost is worth at most: one run of the script against one of best, so about."""
    pairs = [(row.us, us[row.key]) for row in (best.rows if best else ()) if us.get(row.key, 0) > 0 and row.us > 0]
    if not pairs:
        return "it left no times to compare"
    gain_pct = 100 * (1 - math.exp(sum(math.log(probe / of_best) for of_best, probe in pairs) / len(pairs)))
    way = "faster" if gain_pct >= 0 else "slower"
    return f"without this cost about {abs(gain_pct):.0f} % {way} over {len(pairs)} configs (script time, one run)"

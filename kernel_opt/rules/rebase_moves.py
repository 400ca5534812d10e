"""Moves of a round whose best is not the branch's any more, and of one that has its best traced itself."""

from typing import Any

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.verdict import Outcome
from kernel_opt.rules.baseline_moves import best_traced
from kernel_opt.rules.move import Moves, at


def _rebased(state: RunState, fact: r.Rebased) -> RunState:
    """Go on from the newer best; what was drafted is looked at as if it were new, but for the tries it has used up."""
    state = _on(state, _find_best(state, fact.onto))
    if fact.edit is None:
        return replace(state, bank=None)
    stage: Any = state.stage
    tries = replace(stage.tries, is_formatted=False, has_won=stage.tries.has_won or _has_won(stage))
    return replace(state, stage=g.Drafted(stage.hypothesis, fact.edit, Origin.REBASED, tries), bank=None)


def _has_won(stage: object) -> bool:
    """Say whether the candidate was found better than the best it began with, formatted or not."""
    if isinstance(stage, g.Weighed | g.Vetted):
        return stage.verdict.outcome is not Outcome.DIVERGING
    tries: g.Tries | None = getattr(stage, "tries", None)
    return tries is not None and tries.is_formatted


def _find_best(state: RunState, code: str) -> Best:
    """Return the best of this code: what stands on the branch, or stood there a moment ago."""
    known = (state.branch_best, *reversed(state.bests))
    found = next((one for one in known if one is not None and one.code == code), None)
    if found is None:
        raise ReadFailedError(f"the journal puts round {state.round} on {code}, which never was best", "move it away")
    return found


def _on(state: RunState, best: Best) -> RunState:
    on_branch = state.branch_best
    is_behind = on_branch is not None and on_branch.code != best.code
    return replace(state, best=best, moved_on=on_branch if is_behind else None)


def _traced(state: RunState, fact: f.Traced) -> RunState:
    """A trace that came too late is not noted as that of best."""
    at(state, g.Opened)
    return state if state.moved_on is not None else best_traced(state, fact)


REBASE_MOVES: Moves = {
    (g.Opened, f.Traced): _traced,
    **{
        (stage, r.Rebased): _rebased
        for stage in (g.Opened, g.Drafted, g.Barred, g.Runnable, g.Broken, g.Wrong, g.Right, g.Weighed, g.Vetted)
    },
}

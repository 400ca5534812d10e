"""Look from cold whether a would-be keep is what it seems: every check that the target allows, each by its name."""

import hashlib
from collections.abc import Callable

from msgspec.structs import replace

from kernel_opt.edges.files import remove_tree
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import IntegrityCheck
from kernel_opt.model.measurement import Arm
from kernel_opt.model.round_facts import Rechecked, Refused
from kernel_opt.model.stages import Vetted, Weighed
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Recheck
from kernel_opt.round.audit import look_at_calls
from kernel_opt.round.blind import look_blind
from kernel_opt.round.cold import Cold
from kernel_opt.round.cold_looks import look_alone, look_at_heldout, look_disguised
from kernel_opt.round.outside import look_outside
from kernel_opt.round.poison import look_poisoned
from kernel_opt.round.session import Bench, budget_s, open_bench
from kernel_opt.round.tools import Tools
from kernel_opt.rules.integrity.figure_checks import find_failed
from kernel_opt.rules.integrity.physics import check_floor
from kernel_opt.rules.integrity.precision import check_precision

Look = Callable[[Cold], IntegrityCheck | Fact]

LOOKS: tuple[Look, ...] = (
    look_disguised,
    look_at_heldout,
    look_alone,
    look_poisoned,
    look_blind,
    look_outside,
    look_at_calls,
)
"""The cheap and telling ones first; the first that finds something ends it."""


def recheck(step: Recheck, state: RunState, tools: Tools) -> Fact:
    """Answer Rechecked, or Refused with the check that failed; or what was wrong with the machine."""
    stage = state.stage
    if not isinstance(stage, Weighed | Vetted):
        raise TypeError(f"nothing is to be re-checked in {type(stage).__name__}")
    folder = tools.fresh_folder(state.round, f"recheck-{step.number}")
    known = _look_at_figures(stage, state, tools)
    refusal = find_failed(known, tools.unheeded)
    if refusal is not None:
        return Refused(rule=refusal.name, why=refusal.why, cheat=True, checks=known, folder=tools.relative(folder))
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    cold = Cold(opened, stage, secret_seed(step, state), state, tools)
    try:
        return _carry_out(cold, step, known, tools)
    finally:
        opened.end()
        for tree in cold.trees():
            remove_tree(tree)


def secret_seed(step: Recheck, state: RunState) -> int:
    """Return a seed that no proposer can know, the same after a crash: it hangs on when the verdict was written."""
    said = f"{state.started_s:.9f} {state.stage_s:.9f} {step.candidate.commit} {step.number}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "big") % (2**31 - 1)


def _look_at_figures(stage: Weighed | Vetted, state: RunState, tools: Tools) -> tuple[IntegrityCheck, ...]:
    """Check what is known already: no GPU second is needed."""
    limits, rows = tools.settings.integrity, stage.run.rows
    traced = stage.measurement.last_gpu_us(Arm.CANDIDATE) if stage.measurement else {}
    # The script's time holds what the launching took; no kernel is as long as that.
    gpu_rows = tuple(replace(row, us=traced.get(row.key, row.us)) for row in rows)
    baseline = state.baseline.rows if state.baseline else ()
    return check_floor(gpu_rows, limits), check_precision(
        baseline, rows, limits.error_columns, limits.ratchet, limits.rounding
    )


def _carry_out(cold: Cold, step: Recheck, known: tuple[IntegrityCheck, ...], tools: Tools) -> Fact:
    bench, where = cold.bench, tools.relative(cold.bench.folder)
    checks = list(known)
    for look in LOOKS:
        found = look(cold)
        if isinstance(found, Fact):
            return found
        checks.append(found)
        if find_failed((found,), tools.unheeded) is not None:
            return Refused(
                rule=found.name, why=found.why, cheat=True, checks=tuple(checks), folder=where, gpu_s=bench.gpu_s
            )
    return Rechecked(commit=step.candidate.commit, checks=tuple(checks), folder=where, gpu_s=bench.gpu_s)

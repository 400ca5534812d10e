"""The tables of the brief: hot places, kernels, config classes."""

import math
from collections.abc import Mapping, Sequence

from kernel_opt.model.state import RunState, Trial
from kernel_opt.model.trace import Hotspot, StallKind, Trace
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.memory.explore import tries_since_keep
from kernel_opt.views.format import clean_line
from kernel_opt.views.learned import change_text
from kernel_opt.views.statics import say_waves

HOTSPOTS = 28  # more than anyone acts on in one edit
_MIN_STALL_PCT = 1.0

_CODE_CAP = 100  # of a hot line: enough to know it again
KERNELS = 8
COUNTERS = 16  # four of each kernel that matters
LINE_CAP = 300


def hotspot_facts(trace: Trace | None, tried: Mapping[str, str], lines: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the hot places as rows, in reading order, with what stands there and how often each was aimed at."""
    return [
        {
            "id": spot.id,
            "kind": spot.kind,
            "kernel": table_cell(spot.kernel),
            "share_pct": spot.share_pct,
            "source": table_cell(spot.source),
            "line": table_cell(lines.get(spot.source, ""))[:_CODE_CAP],
            "note": table_cell(spot.note),
            "tried": tried.get(spot.id, ""),
        }
        for spot in (_hottest(trace.hotspots) if trace else ())
    ]


def _hottest(spots: Sequence[Hotspot]) -> list[Hotspot]:
    """Return the hottest: sums over a whole kernel before single lines, the target of most time first."""
    heat = {spot.id: (":" in spot.id and "@" not in spot.id, spot.share_pct) for spot in spots}
    chosen = sorted(range(len(spots)), key=lambda place: heat[spots[place].id], reverse=True)[:HOTSPOTS]
    return [spots[place] for place in sorted(chosen)]


def kernel_facts(trace: Trace | None) -> list[dict[str, object]]:
    """Return the kernels under tuning as rows; what the tracer did not tell is a dash."""
    targets = {target.name: target.role.value for target in trace.targets} if trace else dict[str, str]()
    waves = {one.kernel: say_waves(one) for one in (trace.occupancy if trace else ())}
    return [
        {
            "name": table_cell(kernel.name),
            "role": targets[kernel.name],
            "calls": kernel.calls,
            "average_us": kernel.average_ns / 1000,
            "share_pct": kernel.share_pct,
            "arch_vgpr": _known(kernel.arch_vgpr),
            "accum_vgpr": _known(kernel.accum_vgpr),
            "sgpr": _known(kernel.sgpr),
            "lds_bytes": _known(kernel.lds_bytes),
            "scratch_bytes": _known(kernel.scratch_bytes),
            "waves": waves.get(kernel.name, "-"),
        }
        for kernel in (trace.kernels if trace else ())
        if kernel.name in targets
    ][:KERNELS]


def stall_facts(trace: Trace | None) -> list[dict[str, object]]:
    """Return what each kernel's time goes to, by kind of stall, in reading order; nothing where no kind was told."""
    if trace is None or all(one.kind is StallKind.OTHER for one in trace.stalls):
        return []
    return [
        {
            "kernel": table_cell(one.kernel),
            "kind": one.kind.value,
            "share_pct": one.share_pct,
            "stalled_pct": one.stalled_pct,
            "idle": "-" if one.idle_pct is None else f"{one.idle_pct:.1f}",
        }
        for one in trace.stalls
        if one.share_pct >= _MIN_STALL_PCT
    ]


def counter_facts(trace: Trace | None) -> list[dict[str, object]]:
    """Return the counters of the kernels under tuning, per launch, where somebody has asked for them."""
    told = [one for one in (trace.counters if trace else ()) if one.dispatches][:COUNTERS]
    return [
        {"kernel": table_cell(one.kernel), "counter": table_cell(one.counter), "each": one.total / one.dispatches}
        for one in told
    ]


def class_facts(state: RunState) -> list[dict[str, object]]:
    """Return the config classes as rows, those with the most time first: what a gain there is worth, and what shows."""
    best_us = {row.key: row.us for row in state.best.run.rows} if state.best else dict[str, float]()
    return [
        {
            "key": one.key,
            "rows": len(one.configs),
            "us": _geomean([best_us[row] for row in one.configs if row in best_us]) or one.us,
            "share_pct": one.share_pct,
            "worth_pct": one.share_pct / 10,
            "detectable": "unknown" if (pct := state.detectable_pct.get(one.key)) is None else f"{pct:.1f}",
            "tried": _tried_on(one.key, state.trials),
        }
        for one in sorted(state.classes, key=lambda one: (-one.share_pct, one.key))
    ]


def _tried_on(key: str, trials: Sequence[Trial]) -> str:
    """Say how often a class was aimed at by name, and the most that a try has gained on it over the best of now."""
    aimed = sum(key in trial.targets for trial in trials)
    ratios = [ratio for trial in tries_since_keep(trials) for name, ratio in trial.ratios if name == key]
    best_pct = 100 * (1 - min(ratios)) if ratios else 0.0
    return f"{aimed}x" + (f", best try since the last keep {best_pct:.1f} % faster" if best_pct > 0 else "")


def result_facts(verdict: Verdict) -> list[dict[str, object]]:
    """Return how each class fared, the losing ones first: what distinguishes them is what a split goes by."""
    classes = sorted(verdict.classes, key=lambda one: (one.outcome is not Outcome.WORSE, one.outcome.value))
    return [
        {"key": one.key, "outcome": one.outcome.value, "change": change_text(one.ratio, one.interval)}
        for one in classes
    ]


def _geomean(values: Sequence[float]) -> float:
    """Return the geometric mean; 0 of nothing."""
    if not values or min(values) <= 0:
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))


def _known(value: int | None) -> object:
    return "-" if value is None else value


def table_cell(text: str) -> str:
    """Return foreign text that can stand in a cell of a table."""
    return clean_line(text)[:LINE_CAP].replace("|", "\\|")

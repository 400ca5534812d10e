"""Where the time goes: hot kernels, kinds of stalls and hot places, at the baseline and now."""

from collections.abc import Sequence
from typing import NamedTuple

from kernel_opt.model.trace import Hotspot, KernelSummary, StallKind, Trace
from kernel_opt.rules.judge.regress import target_us
from kernel_opt.views.format import us_text
from kernel_opt.views.html.fold import PageStory
from kernel_opt.views.story import main_kernels

_MOST_KERNELS, _MOST_HOTSPOTS = 6, 8
_KINDS = {
    StallKind.BARRIER: "waiting at barriers",
    StallKind.VMEM_WAIT: "waiting for memory",
    StallKind.LDS_SMEM_WAIT: "waiting for LDS or scalar loads",
    StallKind.OTHER_WAIT: "other waits",
    StallKind.VMEM: "memory instructions",
    StallKind.LDS: "LDS instructions",
    StallKind.SMEM: "scalar loads",
    StallKind.MFMA: "matrix instructions",
    StallKind.VALU: "vector arithmetic",
    StallKind.SALU: "scalar arithmetic",
    StallKind.BRANCH: "branches",
    StallKind.OTHER: "other",
}


class Bar(NamedTuple):
    """One share at the baseline and now, in per cent; None is not known."""

    name: str
    before_pct: float | None
    now_pct: float | None


class Place(NamedTuple):
    """One hot place of best."""

    id: str
    share: str
    kind: str
    where: str
    note: str


class Profile(NamedTuple):
    """Both traces side by side."""

    has_best: bool
    """Something was kept, so that there is a second column."""
    kernels: list[Bar]
    left_out: int
    stalls: list[Bar]
    stall_kernel: str
    figures: list[tuple[str, str, str]]
    places: list[Place]
    launches: tuple[int, int]


def compare(story: PageStory) -> Profile | None:
    """Hold the baseline's trace against best's; None when neither was recorded."""
    state = story.run.state
    before, now = state.baseline_trace, state.best.trace if state.best else None
    if before is None and now is None:
        return None
    has_best = bool(state.best and state.best.round)
    latest = now or before
    return Profile(
        has_best=has_best,
        kernels=_kernels(before, now),
        left_out=latest.kernels_left_out if latest else 0,
        stalls=_stalls(before, now),
        stall_kernel=next(iter(main_kernels(latest)), ""),
        figures=[one for one in _figures(before, now) if one[1] or one[2]],
        places=[_place(one) for one in latest.hotspots[:_MOST_HOTSPOTS]] if latest else [],
        launches=(_launches(before), _launches(now)),
    )


def _launches(trace: Trace | None) -> int:
    return sum(one.calls for one in trace.kernels) if trace else 0


def _kernels(before: Trace | None, now: Trace | None) -> list[Bar]:
    shares = [{one.name: one.share_pct for one in trace.kernels} if trace else None for trace in (before, now)]
    # A list that was cut says nothing about the kernels that are not on it.
    missing = [None if trace is None or trace.kernels_left_out else 0.0 for trace in (before, now)]
    return _bars(shares, missing)[:_MOST_KERNELS]


def _stalls(before: Trace | None, now: Trace | None) -> list[Bar]:
    """Compare the stalls of each trace's hottest target kernel."""
    return _bars([_stall_shares(trace) for trace in (before, now)], [0.0, 0.0])


def _stall_shares(trace: Trace | None) -> dict[str, float] | None:
    name = next(iter(main_kernels(trace)), None)
    stalls = [one for one in trace.stalls if one.kernel == name] if trace else []
    return {_KINDS[one.kind]: one.share_pct for one in stalls} or None


def _bars(shares: Sequence[dict[str, float] | None], missing: Sequence[float | None]) -> list[Bar]:
    """Join both traces by name, the larger share first; ``missing`` is what a name not on a list has there."""
    before, now = shares
    names = dict.fromkeys([*(now or ()), *(before or ())])
    bars = [
        Bar(name, *(None if one is None else one.get(name, gap) for one, gap in zip(shares, missing, strict=True)))
        for name in names
    ]
    return sorted(bars, key=lambda bar: -max(bar.before_pct or 0.0, bar.now_pct or 0.0))


def _figures(before: Trace | None, now: Trace | None) -> list[tuple[str, str, str]]:
    pairs = [(_hottest(trace), trace) for trace in (before, now)]
    rows = [_figure_list(kernel, trace) for kernel, trace in pairs]
    return [(name, rows[0][name], rows[1][name]) for name in rows[0]]


def _hottest(trace: Trace | None) -> KernelSummary | None:
    kernels = {one.name: one for one in trace.kernels} if trace else {}
    return next((kernels[name] for name in main_kernels(trace) if name in kernels), None)


def _figure_list(kernel: KernelSummary | None, trace: Trace | None) -> dict[str, str]:
    us = target_us(trace)
    occupancy = next((one for one in trace.occupancy if kernel and one.kernel == kernel.name), None) if trace else None
    waves = f"{occupancy.waves_per_simd:g} of {occupancy.max_waves_per_simd}" if occupancy else ""
    return {
        "hottest target kernel": kernel.name if kernel else "",
        "GPU time per call (µs)": "" if us is None else us_text(us),
        "arch VGPRs": _whole(kernel.arch_vgpr if kernel else None),
        "accum VGPRs": _whole(kernel.accum_vgpr if kernel else None),
        "SGPRs": _whole(kernel.sgpr if kernel else None),
        "LDS (bytes)": _whole(kernel.lds_bytes if kernel else None),
        "scratch (bytes)": _whole(kernel.scratch_bytes if kernel else None),
        "waves per SIMD": waves,
        "limited by": " and ".join(occupancy.limited_by) if occupancy else "",
    }


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)


def _place(one: Hotspot) -> Place:
    where = " at ".join(part for part in (one.instruction, one.source) if part)
    return Place(one.id, f"{one.share_pct:.0f} %", one.kind.replace("_", " "), where or one.kernel, one.note)

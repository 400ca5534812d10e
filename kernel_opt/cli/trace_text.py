"""A trace as people read it, and as JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec

from kernel_opt.model.recording import Extent
from kernel_opt.model.trace import Hotspot, KernelSummary, Occupancy, Trace
from kernel_opt.rules.trace.changes import TraceChanges

_TOP_KERNELS = 12
_NAME_WIDTH = 60


def to_json(trace: Trace, changes: TraceChanges | None) -> str:
    """Return one JSON document."""
    document: dict[str, Any] = msgspec.to_builtins(trace)
    if changes is not None:
        document["changes"] = msgspec.to_builtins(changes)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def to_text(trace: Trace, changes: TraceChanges | None) -> str:
    """Return the report."""
    blocks = [
        _tell_kernels(trace),
        _tell_target(trace),
        _tell_hotspots(trace),
        _tell_counters(trace),
        _tell_changes(changes) if changes is not None else (),
        (f"note: {note}" for note in trace.notes),
    ]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block))) + "\n"


def _tell_kernels(trace: Trace) -> Iterator[str]:
    where = ", ".join(f"{agent.name} ({agent.gfx})" if agent.gfx else agent.name for agent in trace.agents)
    yield f"{trace.total_ns / 1e6:.3f} ms of kernel time" + (f" on {where}" if where else "")
    if not trace.kernels:
        yield "no kernel was recorded"
        return
    yield f"{'share':>7} {'calls':>7} {'average us':>11}  kernel"
    for kernel in trace.kernels[:_TOP_KERNELS]:
        yield f"{kernel.share_pct:6.2f}% {kernel.calls:7} {kernel.average_ns / 1000:11.3f}  {_cut(kernel.name)}"
    more = len(trace.kernels) - _TOP_KERNELS + trace.kernels_left_out
    if more > 0:
        yield f"  and {more} more"


def _tell_target(trace: Trace) -> Iterator[str]:
    summaries = {kernel.name: kernel for kernel in trace.kernels}
    limits = {occupancy.kernel: occupancy for occupancy in trace.occupancy}
    for target in trace.targets:
        kernel = summaries.get(target.name)
        yield f"target {_cut(target.name)} ({target.role.value}; {target.why})"
        if kernel is not None:
            yield f"  {_say_resources(kernel)}"
        if occupancy := limits.get(target.name):
            yield f"  {_say_occupancy(occupancy)}"


def _say_resources(kernel: KernelSummary) -> str:
    values = (
        ("arch VGPR", kernel.arch_vgpr),
        ("accum VGPR", kernel.accum_vgpr),
        ("SGPR", kernel.sgpr),
        ("LDS B", kernel.lds_bytes),
        ("scratch B", kernel.scratch_bytes),
        ("work-group", _say_extent(kernel.workgroup)),
        ("grid", _say_extent(kernel.grid)),
    )
    return ", ".join(f"{name} {'?' if value is None else value}" for name, value in values)


def _say_extent(extent: Extent | None) -> str | None:
    return None if extent is None else "x".join(str(size) for size in extent)


def _say_occupancy(occupancy: Occupancy) -> str:
    text = f"{occupancy.waves_per_simd:g} of {occupancy.max_waves_per_simd} waves per SIMD on {occupancy.gfx}"
    if occupancy.limited_by:
        text += f", limited by {' and '.join(occupancy.limited_by)}"
    if occupancy.next_step:
        text += f"; {occupancy.next_step}"
    return text + (f"; not known: {', '.join(occupancy.unknown)}" if occupancy.unknown else "")


def _tell_hotspots(trace: Trace) -> Iterator[str]:
    if trace.hotspots:
        yield f"{'share':>7}  hotspot (cite the id)"
    for hotspot in trace.hotspots:
        yield f"{hotspot.share_pct:6.2f}%  {hotspot.id}{_say_place(hotspot)}"


def _say_place(hotspot: Hotspot) -> str:
    parts = [part for part in (hotspot.instruction, hotspot.source, hotspot.note) if part]
    return "  " + "; ".join(parts) if parts else ""


def _tell_counters(trace: Trace) -> Iterator[str]:
    for counter in trace.counters:
        average = counter.total / counter.dispatches
        yield f"{counter.counter}: {average:.6g} per dispatch over {counter.dispatches} of {_cut(counter.kernel)}"


def _tell_changes(changes: TraceChanges) -> Iterator[str]:
    yield "changed against the other trace"
    for kernel in changes.kernels:
        if kernel.change_pct is None:
            yield f"  {_cut(kernel.name)}: {'new' if kernel.best_average_ns is None else 'gone'}"
            continue
        fields = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in kernel.changed.items())
        same = "; the same instructions ran" if kernel.same_isa else ""
        yield f"  {_cut(kernel.name)}: {kernel.change_pct:+.2f} %{'; ' + fields if fields else ''}{same}"
    for share in changes.hotspots[:_TOP_KERNELS]:
        yield f"  {share.id}: {_say_share(share.best_pct)} -> {_say_share(share.candidate_pct)}"


def _say_share(share_pct: float | None) -> str:
    return "-" if share_pct is None else f"{share_pct:.1f} %"


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"

"""Where the target loses its time, in the order in which a kernel engineer reads a trace."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from kernel_opt.model.recording import KernelSites, Site
from kernel_opt.model.trace import Hotspot, KernelSummary, Occupancy, StallShare
from kernel_opt.rules.trace.kernel_names import base_name
from kernel_opt.rules.trace.stalls import BUSY_KINDS, READING_ORDER, classify

MAX_KERNELS = 5
MAX_PLACES = 12
"""Per kernel: more places than a person or an agent weighs against each other."""
_MIN_KIND_PCT = 3.0
_MIN_PLACE_PCT = 0.5
_MIN_IDLE_PCT = 5.0


def share_stalls(sites: KernelSites) -> tuple[StallShare, ...]:
    """Return every kind's part of a kernel's time, in reading order."""
    whole = sites.spent + sites.idle
    return tuple(
        StallShare(
            kernel=sites.kernel,
            kind=kind,
            share_pct=100 * sites.by_kind[kind.value][0] / whole,
            stalled_pct=100 * sites.by_kind[kind.value][1] / whole,
            idle_pct=100 * sites.by_kind[kind.value][2] / whole if sites.unit == "cycles" else None,
        )
        for kind in READING_ORDER
        if kind.value in sites.by_kind and whole
    )


def rank_hotspots(
    kernels: Sequence[KernelSummary],
    sites: Iterable[KernelSites],
    occupancies: Iterable[Occupancy],
    targets: Sequence[str],
) -> tuple[Hotspot, ...]:
    """Return the hotspots: the hottest kernels, then per target waits, memory, LDS, idle bubbles, and occupancy.

    Without sites of a target, those of any kernel are ranked: a thread trace may look at one kernel only.
    """
    names = {base_name(name) for name in targets}
    known = [entry for entry in sites if entry.spent or entry.idle]
    chosen = [entry for entry in known if base_name(entry.kernel) in names] or known
    summaries = {summary.name: summary for summary in kernels}
    found = [
        _of_kernel(summary) for place, summary in enumerate(kernels) if place < MAX_KERNELS or summary.name in targets
    ]
    for entry in chosen:
        found += _of_kinds(entry)
        found += _of_places(entry)
        found += _of_bubbles(entry)
    for occupancy in occupancies:
        found += _of_occupancy(occupancy, summaries.get(occupancy.kernel))
    return _with_own_ids(found)


def _of_kernel(summary: KernelSummary) -> Hotspot:
    average_us = summary.average_ns / 1000
    return Hotspot(
        id=f"kernel:{base_name(summary.name)}",
        kind="kernel",
        kernel=summary.name,
        share_pct=summary.share_pct,
        note=f"{summary.calls} calls of {average_us:.2f} us",
    )


def _of_kinds(entry: KernelSites) -> list[Hotspot]:
    return [
        Hotspot(
            id=f"{share.kind.value}:{base_name(entry.kernel)}",
            kind=share.kind.value,
            kernel=entry.kernel,
            share_pct=share.share_pct,
            note=f"{share.share_pct:.1f} % of the kernel's {entry.unit} in all",
        )
        for share in share_stalls(entry)
        if share.share_pct >= _MIN_KIND_PCT
    ]


def _of_places(entry: KernelSites) -> list[Hotspot]:
    whole = entry.spent + entry.idle
    places = [site for site in entry.sites if 100 * site.spent / whole >= _MIN_PLACE_PCT]
    return [_of_place(entry, site, 100 * site.spent / whole) for site in places[:MAX_PLACES]]


def _of_place(entry: KernelSites, site: Site, share_pct: float) -> Hotspot:
    kind = classify(site.instruction).value
    line = site.source.rsplit("->", 1)[-1].strip().rsplit("/", 1)[-1]
    where = line or (f"{site.address:#x}" if site.address is not None else site.instruction.partition(" ")[0])
    reasons = ", ".join(
        f"{reason} {count}" for reason, count in sorted(site.reasons.items(), key=lambda item: -item[1])
    )
    stalled = f"stalled {100 * site.stalled / site.spent:.0f} %" if site.stalled else ""
    return Hotspot(
        id=f"{kind}@{where}",
        kind=kind,
        kernel=entry.kernel,
        share_pct=share_pct,
        source=site.source,
        instruction=site.instruction,
        note="; ".join(part for part in (stalled, reasons) if part),
    )


def _of_bubbles(entry: KernelSites) -> list[Hotspot]:
    """Return the time in which a unit that should be busy had nothing to do."""
    if entry.unit != "cycles":
        return []
    whole = entry.spent + entry.idle
    idle = sum(entry.by_kind.get(kind.value, (0, 0, 0))[2] for kind in BUSY_KINDS)
    share_pct = 100 * idle / whole
    if share_pct < _MIN_IDLE_PCT:
        return []
    name = base_name(entry.kernel)
    note = "bubbles before MFMA and VALU instructions"
    return [Hotspot(id=f"idle:{name}", kind="idle", kernel=entry.kernel, share_pct=share_pct, note=note)]


def _of_occupancy(occupancy: Occupancy, summary: KernelSummary | None) -> list[Hotspot]:
    name = base_name(occupancy.kernel)
    share_pct = summary.share_pct if summary else 0.0
    found: list[Hotspot] = []
    if occupancy.limited_by:
        held = f"{occupancy.waves_per_simd:g} of {occupancy.max_waves_per_simd} waves per SIMD"
        note = f"{held}, limited by {' and '.join(occupancy.limited_by)}; {occupancy.next_step}".rstrip("; ")
        kind = "occupancy"
        found.append(Hotspot(id=f"{kind}:{name}", kind=kind, kernel=occupancy.kernel, share_pct=share_pct, note=note))
    if summary and summary.scratch_bytes:
        note = f"{summary.scratch_bytes} B of scratch per work-item: registers are spilled"
        found.append(Hotspot(id=f"spill:{name}", kind="spill", kernel=summary.name, share_pct=share_pct, note=note))
    return found


def _with_own_ids(found: Sequence[Hotspot]) -> tuple[Hotspot, ...]:
    """Number those that would share an id, the larger first, so that each can be cited."""
    seen: dict[str, int] = {}
    unique: list[Hotspot] = []
    for hotspot in found:
        seen[hotspot.id] = seen.get(hotspot.id, 0) + 1
        count = seen[hotspot.id]
        unique.append(hotspot if count == 1 else structs.replace(hotspot, id=f"{hotspot.id}#{count}"))
    return tuple(unique)

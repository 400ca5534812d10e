"""What changed from best's trace to a candidate's."""

from msgspec import Struct

from kernel_opt.model.trace import KernelSummary, Trace

_FIELDS = ("arch_vgpr", "accum_vgpr", "sgpr", "lds_bytes", "scratch_bytes", "workgroup", "grid", "calls")


class KernelChange(Struct, frozen=True, kw_only=True):
    """One kernel in both traces, or in one alone."""

    name: str
    best_average_ns: float | None
    candidate_average_ns: float | None
    changed: dict[str, tuple[object, object]] = {}
    """Registers, memory and shape that differ: best's, candidate's."""
    same_isa: bool | None = None
    """True: the same instructions ran, so the edit did nothing, or an old build was used. None: not known."""

    @property
    def change_pct(self) -> float | None:
        """Return the change of the average time in percent of best's, negative when faster."""
        if not self.best_average_ns or self.candidate_average_ns is None:
            return None
        return 100 * (self.candidate_average_ns / self.best_average_ns - 1)


class ShareChange(Struct, frozen=True, kw_only=True):
    """One hotspot's share before and after; None where it is not among the ranked."""

    id: str
    best_pct: float | None
    candidate_pct: float | None


class TraceChanges(Struct, frozen=True, kw_only=True):
    """Both traces side by side."""

    kernels: tuple[KernelChange, ...]
    """Those that are new, gone, changed or target kernels; by time."""
    hotspots: tuple[ShareChange, ...]
    """Those whose share moved, the most first."""


def compare_traces(best: Trace, candidate: Trace) -> TraceChanges:
    """Set a candidate's trace against best's."""
    before = {kernel.name: kernel for kernel in best.kernels}
    after = {kernel.name: kernel for kernel in candidate.kernels}
    names = list(dict.fromkeys([*after, *before]))
    targets = {target.name for target in (*best.targets, *candidate.targets)}
    changes = [_compare_kernel(name, before.get(name), after.get(name), best, candidate) for name in names]
    return TraceChanges(
        kernels=tuple(change for change in changes if _is_told(change, targets)),
        hotspots=_compare_hotspots(best, candidate),
    )


def _compare_kernel(
    name: str, before: KernelSummary | None, after: KernelSummary | None, best: Trace, candidate: Trace
) -> KernelChange:
    pairs = {field: (getattr(before, field), getattr(after, field)) for field in _FIELDS if before and after}
    prints = best.isa.get(name, ""), candidate.isa.get(name, "")
    # Fingerprints of different kinds say nothing about each other.
    are_alike = all(prints) and prints[0].partition(":")[0] == prints[1].partition(":")[0]
    return KernelChange(
        name=name,
        best_average_ns=before.average_ns if before else None,
        candidate_average_ns=after.average_ns if after else None,
        changed={field: pair for field, pair in pairs.items() if pair[0] != pair[1]},
        same_isa=prints[0] == prints[1] if are_alike else None,
    )


def _is_told(change: KernelChange, targets: set[str]) -> bool:
    is_in_both = change.best_average_ns is not None and change.candidate_average_ns is not None
    return change.name in targets or bool(change.changed) or not is_in_both


def _compare_hotspots(best: Trace, candidate: Trace) -> tuple[ShareChange, ...]:
    before = {hotspot.id: hotspot.share_pct for hotspot in best.hotspots}
    after = {hotspot.id: hotspot.share_pct for hotspot in candidate.hotspots}
    changes = [
        ShareChange(id=name, best_pct=before.get(name), candidate_pct=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    return tuple(sorted(changes, key=lambda change: -abs((change.candidate_pct or 0.0) - (change.best_pct or 0.0))))

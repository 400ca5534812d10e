"""Recordings written by hand: a benchmark's launches in order, with the times a test wants."""

from collections.abc import Iterable

from kernel_opt.model.recording import DispatchRecord, KernelSites, Launch, Recording, Site
from kernel_opt.model.trace import KernelSummary

Call = tuple[str, int, int]
"""Kernel, grid along x, duration in ns."""


def record(calls: Iterable[Call]) -> Recording:
    """Fold launches, one after another, as a reader does."""
    launches: dict[tuple[str, int], list[int]] = {}
    dispatches: list[DispatchRecord] = []
    now = 1000
    for number, (kernel, grid, duration) in enumerate(calls, 1):
        times = launches.setdefault((kernel, grid), [])
        times.append(duration)
        place = list(launches).index((kernel, grid))
        dispatches.append(DispatchRecord(now, now + duration, place, number))
        now += duration + 100
    folded = tuple(
        Launch(kernel=kernel, grid=(grid, 1, 1), workgroup=(64, 1, 1), calls=len(times), total_ns=sum(times))
        for (kernel, grid), times in launches.items()
    )
    return Recording(launches=folded, dispatches=tuple(dispatches))


def summary(name: str, total_ns: int = 1000, share_pct: float = 50.0, **known: object) -> KernelSummary:
    """A kernel of a trace."""
    return KernelSummary(name=name, calls=10, total_ns=total_ns, average_ns=total_ns / 10, share_pct=share_pct, **known)


def sites(kernel: str, *places: Site, unit: str = "cycles", by_kind: dict[str, tuple[int, int, int]]) -> KernelSites:
    """Where a kernel spends its time."""
    spent, stalled, idle = (sum(sums[place] for sums in by_kind.values()) for place in range(3))
    return KernelSites(
        kernel=kernel,
        unit=unit,
        instructions=len(places),
        spent=spent,
        stalled=stalled,
        idle=idle,
        by_kind=by_kind,
        sites=places,
    )

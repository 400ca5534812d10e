"""Instructions summed up by kernel while they are read; only the places with the most time are kept one by one."""

import heapq
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_opt.model.recording import KernelSites, Site
from kernel_opt.model.trace import StallKind
from kernel_opt.rules.stalls import classify

MAX_SITES = 200
"""Kept per kernel: a report shows twenty; the rest is for whoever looks closer."""
_MAX_MNEMONICS = 20_000  # Distinct instruction texts remembered; a kernel has some thousand.


@dataclass(slots=True)
class KernelTally:
    """The sums of one kernel."""

    unit: str
    by_kind: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    instructions: int = 0
    base: int | None = None
    prints: int = 0
    top: list[tuple[int, int, Site]] = field(default_factory=list[tuple[int, int, Site]])


class SiteTable:
    """Every kernel's instructions."""

    def __init__(self) -> None:
        self._kernels: dict[str, KernelTally] = {}
        self._kinds: dict[str, list[str]] = {}

    def open(self, kernel: str, unit: str) -> KernelTally:
        """Return the sums of a kernel, new ones when it is first seen."""
        tally = self._kernels.get(kernel)
        if tally is None:
            tally = self._kernels[kernel] = KernelTally(unit)
        return tally

    def add(
        self,
        tally: KernelTally,
        instruction: str,
        source: str,
        address: int | None,
        counts: tuple[int, int, int, int],
        reasons: Mapping[str, int] | None = None,
    ) -> None:
        """Add one instruction; ``counts`` are hits, spent, stalled, idle."""
        tally.instructions += 1
        if address is not None:
            if tally.base is None:
                tally.base = address
            # Summed, so that the order of the rows, which follows the execution, plays no part.
            tally.prints += zlib.crc32(instruction.encode(), (address - tally.base) & 0xFFFFFFFF) ** 2
        hits, spent, stalled, idle = counts
        if not (spent or idle):
            return
        sums = tally.by_kind.setdefault(self._kind_of(instruction), [0, 0, 0])
        sums[0] += spent
        sums[1] += stalled
        sums[2] += idle
        weight = spent + idle
        if len(tally.top) < MAX_SITES or weight > tally.top[0][0]:
            site = Site(
                instruction=instruction,
                source=source,
                address=address,
                hits=hits,
                spent=spent,
                stalled=stalled,
                idle=idle,
                reasons=dict(reasons or {}),
            )
            push = heapq.heappush if len(tally.top) < MAX_SITES else heapq.heapreplace
            push(tally.top, (weight, -tally.instructions, site))

    def to_sites(self) -> tuple[KernelSites, ...]:
        """Return the sums, the kernel with the most time first."""
        found = [_to_sites(kernel, tally) for kernel, tally in self._kernels.items()]
        return tuple(sorted(found, key=lambda sites: -(sites.spent + sites.idle)))

    def _kind_of(self, instruction: str) -> str:
        mnemonic = instruction if "wait" in instruction else instruction.partition(" ")[0]
        kind = self._kinds.get(mnemonic)
        if kind is None:
            kind = [classify(instruction).value]
            if len(self._kinds) < _MAX_MNEMONICS:
                self._kinds[mnemonic] = kind
        return kind[0]


def _to_sites(kernel: str, tally: KernelTally) -> KernelSites:
    spent, stalled, idle = (sum(sums[place] for sums in tally.by_kind.values()) for place in range(3))
    order = [kind.value for kind in StallKind]
    return KernelSites(
        kernel=kernel,
        unit=tally.unit,
        instructions=tally.instructions,
        spent=spent,
        stalled=stalled,
        idle=idle,
        by_kind={
            kind: (sums[0], sums[1], sums[2])
            for kind, sums in sorted(tally.by_kind.items(), key=lambda item: order.index(item[0]))
        },
        sites=tuple(site for _, _, site in sorted(tally.top, key=lambda entry: (-entry[0], -entry[1]))),
        isa=None if tally.base is None else f"{tally.prints % (1 << 128):032x}",
    )

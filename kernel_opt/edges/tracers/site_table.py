"""Instructions summed up by kernel while they are read; only the places with the most time are kept one by one."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from kernel_opt.model.recording import KernelSites, Site
from kernel_opt.model.trace import StallKind
from kernel_opt.rules.trace.stalls import classify

MAX_SITES = 200
"""Kept per kernel: a report shows a dozen; the rest is for whoever looks closer."""
_MAX_TEXTS = 50_000  # Distinct instructions remembered at a time; a kernel has some thousand.
_ORDER = [kind.value for kind in StallKind]

CodeRow = tuple[str, Any, Any, str | None, Any, int | None, int, int, int, int]
"""As in code.json: ISA, _, line number, source, code object, address, hits, latency, stall, idle."""


class KernelTally:
    """The sums of one kernel."""

    __slots__ = ("base", "by_kind", "instructions", "known", "least", "prints", "top", "unit")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.by_kind: dict[str, list[int]] = {}
        self.known: dict[str, tuple[list[int], int]] = {}
        """An instruction's text to the sums it belongs to, and its hash."""
        self.instructions = 0
        self.base: int | None = None
        self.prints = 0
        self.top: list[tuple[int, int, CodeRow, Mapping[str, int]]] = []
        self.least = 0
        """Lighter places need not be kept."""

    def learn(self, instruction: str) -> tuple[list[int], int]:
        """Find out what kind of instruction a text is, once."""
        if len(self.known) >= _MAX_TEXTS:
            self.known.clear()
        sums = self.by_kind.setdefault(classify(instruction).value, [0, 0, 0])
        text_hash = int.from_bytes(hashlib.blake2b(instruction.encode(errors="replace"), digest_size=8).digest())
        self.known[instruction] = sums, text_hash
        return sums, text_hash

    def rest(self) -> None:
        """Give up what only speeds up reading: another kernel comes, and there may be many."""
        self.cut()
        self.known.clear()

    def cut(self) -> None:
        """Let go of all places but the heaviest."""
        self.top.sort(key=lambda entry: (-entry[0], entry[1]))
        del self.top[MAX_SITES:]
        self.least = self.top[-1][0] if len(self.top) == MAX_SITES else 0


class SiteTable:
    """Every kernel's instructions."""

    def __init__(self, unit: str = "cycles") -> None:
        self._kernels: dict[str, KernelTally] = {}
        self._unit = unit
        self._current: KernelTally | None = None

    def add(self, rows: Iterable[CodeRow], kernel: str | None = None, reasons: Mapping[str, int] | None = None) -> None:
        """Add rows of one kernel, or of the one that the last label row named."""
        tally = self._current if kernel is None else self._open(kernel)
        why = reasons or {}
        for row in rows:
            isa, _, _, source, _, address, _, spent, stalled, idle = row
            if tally is None or (entry := tally.known.get(isa)) is None:
                if isa.startswith(";"):
                    if tally is not None:
                        tally.rest()
                    tally = self._current = self._open(source or isa.lstrip("; "))
                    continue
                tally = tally or self._open("")
                entry = tally.learn(isa)
            sums, text_hash = entry
            tally.instructions += 1
            if address is not None:
                if tally.base is None:
                    tally.base = address
                # Summed, so that the order of the rows, which follows the execution, plays no part.
                tally.prints += text_hash * (2 * (address - tally.base) + 1)
            weight = spent + idle
            if weight:
                sums[0] += spent
                sums[1] += stalled
                sums[2] += idle
                if weight > tally.least:
                    tally.top.append((weight, tally.instructions, row, why))
                    if len(tally.top) > 8 * MAX_SITES:
                        tally.cut()

    def to_sites(self) -> tuple[KernelSites, ...]:
        """Return the sums, the kernel with the most time first."""
        found = [_to_sites(kernel, tally) for kernel, tally in self._kernels.items()]
        return tuple(sorted(found, key=lambda sites: -(sites.spent + sites.idle)))

    def set_unit(self, unit: str) -> None:
        """Say what is counted, where only the rows themselves tell."""
        self._unit = unit

    def _open(self, kernel: str) -> KernelTally:
        tally = self._kernels.get(kernel)
        if tally is None:
            tally = self._kernels[kernel] = KernelTally(self._unit)
        return tally


def _to_sites(kernel: str, tally: KernelTally) -> KernelSites:
    tally.cut()
    kinds = {kind: sums for kind, sums in tally.by_kind.items() if any(sums)}
    spent, stalled, idle = (sum(sums[place] for sums in kinds.values()) for place in range(3))
    return KernelSites(
        kernel=kernel,
        unit=tally.unit,
        instructions=tally.instructions,
        spent=spent,
        stalled=stalled,
        idle=idle,
        by_kind={
            kind: (one[0], one[1], one[2]) for kind, one in sorted(kinds.items(), key=lambda e: _ORDER.index(e[0]))
        },
        sites=tuple(_to_site(row, reasons) for _, _, row, reasons in tally.top),
        isa=None if tally.base is None else f"{tally.prints % (1 << 128):032x}",
    )


def _to_site(row: CodeRow, reasons: Mapping[str, int]) -> Site:
    isa, _, _, source, _, address, hits, spent, stalled, idle = row
    return Site(
        instruction=isa,
        source=source or "",
        address=address,
        hits=hits,
        spent=spent,
        stalled=stalled,
        idle=idle,
        reasons=dict(reasons),
    )

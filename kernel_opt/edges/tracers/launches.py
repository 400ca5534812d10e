"""Dispatches folded into launches while they are read, one record at a time or a block of lines at a time."""

from array import array
from dataclasses import dataclass, field
from typing import Any

from kernel_opt.model.recording import DispatchRecord, Extent, Launch

MAX_DISPATCHES = 200_000
"""Listed at most: a benchmark makes some thousand; more than this cannot be told apart by rows anyway."""


MAX_DURATION_NS = 86_400 * 10**9
"""A day: no kernel runs so long, but the largest number there is stands for an end that is not known."""


def is_plausible(shortest_ns: int, longest_ns: int) -> bool:
    """Tell whether these can be the shortest and the longest time of a kernel."""
    return 0 < shortest_ns <= longest_ns <= MAX_DURATION_NS


@dataclass(frozen=True)
class Shape:
    """What a kernel was launched with."""

    workgroup: Extent | None = None
    grid: Extent | None = None
    lds_bytes: int | None = None
    scratch_bytes: int | None = None
    arch_vgpr: int | None = None
    accum_vgpr: int | None = None
    sgpr: int | None = None


def _longs() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Fold:
    """The sums of one launch, and its dispatches while they are kept."""

    kernel: str
    agent: str | None
    shape: Shape
    is_wanted: bool
    is_kept: bool
    calls: int = 0
    total_ns: int = 0
    min_ns: int = 2**63 - 1
    max_ns: int = 0
    left_out: int = 0
    starts: "array[int]" = field(default_factory=_longs)
    durations: "array[int]" = field(default_factory=_longs)
    ids: "array[int]" = field(default_factory=_longs)
    folded: int = 0
    """How many of the durations are in the sums."""

    def flush(self) -> None:
        """Take the new durations into the sums; let go of them unless they are kept."""
        fresh = self.durations[self.folded :] if self.folded else self.durations
        if fresh:
            self.calls += len(fresh)
            self.total_ns += sum(fresh)
            self.min_ns = min(self.min_ns, *fresh)
            self.max_ns = max(self.max_ns, *fresh)
        if self.is_kept:
            self.folded = len(self.durations)
        else:
            self.left_out += len(self.durations)
            self.folded = 0
            del self.starts[:], self.durations[:], self.ids[:]  # In place: a reader holds on to their append.

    def absorb(self, other: "Fold") -> None:
        """Add the dispatches of the same launch from another part of the file."""
        self.calls += other.calls
        self.total_ns += other.total_ns
        self.min_ns = min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)
        self.left_out += other.left_out
        self.starts.extend(other.starts)
        self.durations.extend(other.durations)
        self.ids.extend(other.ids)
        self.folded = len(self.durations)

    def to_launch(self) -> Launch:
        """Return the sums."""
        return Launch(
            kernel=self.kernel,
            agent=self.agent,
            calls=self.calls,
            total_ns=self.total_ns,
            min_ns=self.min_ns,
            max_ns=self.max_ns,
            **vars(self.shape),
        )


Key = tuple[Any, ...]


class LaunchTable:
    """Every launch of a trace by what tells it from the others.

    Dispatches are listed for the named kernels, or for all when none is named.
    """

    def __init__(self, kernels: frozenset[str] = frozenset(), max_dispatches: int = MAX_DISPATCHES) -> None:
        self.folds: dict[Key, Fold] = {}
        self.keeps = True
        self._kernels = kernels
        self.max_dispatches = max_dispatches

    def spawn(self) -> "LaunchTable":
        """Return an empty table that keeps what this one keeps, for another part of the file."""
        part = LaunchTable(self._kernels, self.max_dispatches)
        part.keeps = self.keeps
        return part

    def open(self, key: Key, kernel: str, agent: str | None, shape: Shape) -> Fold:
        """Return the fold of a launch, a new one at its first dispatch."""
        fold = self.folds.get(key)
        if fold is None:
            is_wanted = not self._kernels or kernel in self._kernels
            fold = self.folds[key] = Fold(kernel, agent, shape, is_wanted, self.keeps and is_wanted)
        return fold

    def flush(self) -> bool:
        """Bring all sums up to date, keep the kept dispatches within their limit; tell whether every time can be."""
        for fold in self.folds.values():
            fold.flush()
        if self.keeps and sum(len(fold.durations) for fold in self.folds.values()) > self.max_dispatches:
            self.stop_keeping()
        return all(fold.calls == 0 or is_plausible(fold.min_ns, fold.max_ns) for fold in self.folds.values())

    def stop_keeping(self) -> None:
        """Give up listing dispatches: an incomplete list would be attributed wrongly."""
        self.keeps = False
        for fold in self.folds.values():
            fold.flush()
            fold.is_kept = False
            fold.flush()

    def absorb(self, other: "LaunchTable") -> None:
        """Add what was read from the next part of a file, or from another file."""
        for key, fold in other.folds.items():
            self.open(key, fold.kernel, fold.agent, fold.shape).absorb(fold)
        if not other.keeps:
            self.stop_keeping()
        self.flush()

    def names_by_id(self) -> dict[int, str]:
        """Return the kernel of every listed dispatch by its number."""
        return {number: fold.kernel for fold in self.folds.values() for number in fold.ids}

    def to_launches(self) -> tuple[tuple[Launch, ...], tuple[DispatchRecord, ...], int]:
        """Return the launches, the kept dispatches by start time, and how many wanted ones are not among them."""
        self.flush()
        folds = list(self.folds.values())
        records = [
            DispatchRecord(start, start + duration, index, number if number >= 0 else None)
            for index, fold in enumerate(folds)
            for start, duration, number in zip(fold.starts, fold.durations, fold.ids, strict=True)
        ]
        records.sort(key=lambda record: (record.start_ns, record.dispatch_id or 0))
        left_out = sum(fold.left_out for fold in folds if fold.is_wanted)
        return tuple(fold.to_launch() for fold in folds), tuple(records), left_out

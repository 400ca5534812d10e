"""Dispatches folded into launches while they are read, one record at a time or a block of lines at a time."""

from typing import Any

from kernel_opt.edges.tracers.launch_fold import Fold, Shape, is_plausible
from kernel_opt.model.recording import DispatchRecord, Lane, Launch

MAX_DISPATCHES = 200_000
"""Listed at most: a benchmark makes some thousand; more than this cannot be told apart by rows anyway."""


MAX_LANES = 200
"""Told at most: who launches from more threads than that hides nothing any more."""

Key = tuple[Any, ...]


class LaunchTable:
    """Every launch of a trace by what tells it from the others.

    Dispatches are listed for the named kernels, or for all when none is named.
    """

    def __init__(
        self, kernels: frozenset[str] = frozenset(), max_dispatches: int = MAX_DISPATCHES, process: str = ""
    ) -> None:
        self.folds: dict[Key, Fold] = {}
        self.keeps = True
        self.process = process
        """Whose dispatches are being read."""
        self._kernels = kernels
        self.max_dispatches = max_dispatches

    def spawn(self, process: str = "") -> "LaunchTable":
        """Return an empty table that keeps what this one keeps, for another part of the file, or another process."""
        part = LaunchTable(self._kernels, self.max_dispatches, process or self.process)
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

    def to_lanes(self) -> tuple[Lane, ...]:
        """Return on which ways the listed dispatches came, the most used first."""
        sums: dict[tuple[str, str, int | None, int | None, int | None], int] = {}
        for fold in self.folds.values():
            for lane, calls in fold.lanes.items():
                sums[fold.kernel, *lane] = sums.get((fold.kernel, *lane), 0) + calls
        lanes = [
            Lane(kernel=kernel, calls=calls, process=process, queue=queue, stream=stream, thread=thread)
            for (kernel, process, queue, stream, thread), calls in sums.items()
        ]
        return tuple(sorted(lanes, key=lambda lane: -lane.calls)[:MAX_LANES])

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

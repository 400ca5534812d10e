"""One launch while its dispatches are read: the sums, and the dispatches themselves while they are kept."""

from array import array
from dataclasses import dataclass, field

from kernel_opt.model.recording import Extent, Launch

LaneKey = tuple[str, int | None, int | None, int | None]
"""Process, queue, stream and thread."""
MAX_DURATION_NS = 86_400 * 10**9
"""A day: no kernel runs so long, but the largest number there is stands for an end that is not known."""


def is_plausible(shortest_ns: int, longest_ns: int) -> bool:
    """Tell whether these can be the shortest and the longest time of a kernel."""
    return 0 < shortest_ns <= longest_ns <= MAX_DURATION_NS


def to_extent(x: int, y: int, z: int) -> Extent | None:
    """Return a size along three axes; 0 is no size, but stands for one that was not recorded."""
    return (x, y, z) if min(x, y, z) > 0 else None


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
    lanes: dict[LaneKey, int] = field(default_factory=dict["LaneKey", int])
    """How often each was used, while dispatches are kept."""
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
            # In place: a reader holds on to their append.
            del self.starts[:], self.durations[:], self.ids[:]
            self.lanes.clear()

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
        for lane, calls in other.lanes.items():
            self.lanes[lane] = self.lanes.get(lane, 0) + calls
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

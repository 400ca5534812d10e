"""All runs of best and candidate next to each other on one card, in the order they ran."""

from enum import Enum

from msgspec import Struct


class Arm(Enum):
    """Which of the two builds was run."""

    BEST = "best"
    CANDIDATE = "candidate"


class Metric(Enum):
    """Which time a verdict rests on."""

    GPU = "gpu"
    """GPU kernel time, known for every config."""
    GPU_WHOLE = "gpu_whole"
    """GPU time of the target kernel over the whole run; classes are known by script time only."""
    SCRIPT = "script"
    """The benchmark's own figure: final only where the platform has no tracer."""


class RowTime(Struct, frozen=True, kw_only=True):
    """One config's time in one run."""

    config: str
    us: float


class TimedRun(Struct, frozen=True, kw_only=True):
    """One invocation of the benchmark with one build."""

    arm: Arm
    card: str
    """Lease key of the physical GPU."""
    script_us: tuple[RowTime, ...]
    gpu_us: tuple[RowTime, ...] | None = None
    """Per config, only when every dispatch could be told to belong to one."""
    gpu_whole_us: float | None = None
    """The target kernel's time over the whole run."""
    clock_mhz: float | None = None
    """Core clock under load; None where too few looks met the load."""
    clock_range_mhz: tuple[float, float] | None = None
    """Lowest and highest seen under load."""
    throttled: bool | None = None
    """Whether the card held itself back at any look."""
    temperature_c: float | None = None
    power_cap_w: float | None = None
    disturbed: str | None = None
    """Why this run must be redone, such as another process on the card."""
    redo_of: int | None = None
    """Index in the measurement of the run that this one replaces."""


class Measurement(Struct, frozen=True, kw_only=True):
    """Best against one candidate: every run in order, replaced ones included."""

    best: str
    candidate: str
    runs: tuple[TimedRun, ...] = ()

    def slots(self) -> tuple[tuple[int, TimedRun], ...]:
        """Return (index, run) of the runs that count, each redo in the place of the run it replaces."""
        place: dict[int, int] = {}
        order: list[int] = []
        for index, run in enumerate(self.runs):
            if run.redo_of is None or run.redo_of not in place:
                place[index] = len(order)
                order.append(index)
            else:
                place[index] = place[run.redo_of]
                order[place[index]] = index
        return tuple((index, self.runs[index]) for index in order)

    def last_gpu_us(self, arm: Arm) -> dict[str, float]:
        """Return config to GPU time of one call, by the last run of this arm whose trace told its rows apart."""
        rows = next((run.gpu_us for run in reversed(self.runs) if run.arm is arm and run.gpu_us), ())
        return {row.config: row.us for row in rows}

    def last_whole_us(self, arm: Arm) -> float | None:
        """Return the target kernel's time over the last traced run of this arm."""
        return next((run.gpu_whole_us for run in reversed(self.runs) if run.arm is arm and run.gpu_whole_us), None)

    def redos_of(self, index: int) -> int:
        """Count how often the place of this run was measured again."""
        count = 0
        replaced = self.runs[index].redo_of
        while replaced is not None and replaced < index:
            count, index = count + 1, replaced
            replaced = self.runs[index].redo_of
        return count

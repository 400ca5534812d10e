"""Everything the files of one traced command say. Too large for the journal: rules make a Trace of it."""

from msgspec import Struct

Extent = tuple[int, int, int]
"""A work-group or a grid in work-items along x, y and z."""


class Agent(Struct, frozen=True, kw_only=True):
    """A device as the tracer numbered it. What the tracer did not tell is None."""

    is_gpu: bool
    node_id: int | None = None
    logical_node_id: int | None = None
    gfx: str | None = None
    name: str = ""
    gpu_id: int | None = None
    domain: int | None = None
    location_id: int | None = None
    cu_count: int | None = None
    simd_per_cu: int | None = None
    wave_size: int | None = None


class Launch(Struct, frozen=True, kw_only=True):
    """All dispatches of one kernel in one shape on one agent, folded."""

    kernel: str
    calls: int
    total_ns: int
    min_ns: int | None = None
    max_ns: int | None = None
    agent: str | None = None
    """As the trace writes it, such as ``Agent 4``."""
    workgroup: Extent | None = None
    grid: Extent | None = None
    lds_bytes: int | None = None
    scratch_bytes: int | None = None
    arch_vgpr: int | None = None
    accum_vgpr: int | None = None
    sgpr: int | None = None


class DispatchRecord(Struct, frozen=True, array_like=True):
    """One kernel launch: when it ran, and which Launch of the recording it was."""

    start_ns: int
    end_ns: int
    launch: int
    dispatch_id: int | None = None

    @property
    def duration_ns(self) -> int:
        """Return the time on the device."""
        return self.end_ns - self.start_ns


class Lane(Struct, frozen=True, kw_only=True):
    """On which way a kernel's launches reached the device. What the trace did not tell is None."""

    kernel: str
    calls: int
    process: str
    """As the tracer's files of one process are called."""
    queue: int | None = None
    stream: int | None = None
    thread: int | None = None


class Compiled(Struct, frozen=True, kw_only=True):
    """What compiled code says of one kernel, where it lay beside the trace."""

    kernel: str
    """Base name."""
    lds_bytes: int | None = None
    """What it always needs; a launch may ask for more."""
    scratch_bytes: int | None = None
    arch_vgpr: int | None = None
    max_workgroup_items: int | None = None


class Site(Struct, frozen=True, kw_only=True):
    """One instruction of a kernel, with the time that was seen to go by there."""

    instruction: str
    source: str = ""
    """``file:line``, as compiled; empty without debug information."""
    address: int | None = None
    hits: int = 0
    spent: int = 0
    """Cycles of the traced waves at this instruction, or PC samples."""
    stalled: int = 0
    """Of these, those in which it could not issue; 0 from a sampler that cannot tell."""
    idle: int = 0
    """Cycles before it in which a wave had nothing to issue."""
    reasons: dict[str, int] = {}
    """Stall reason to samples, from a sampler that tells them."""


class KernelSites(Struct, frozen=True, kw_only=True):
    """Where one kernel spends its time: sums by kind of instruction, and the places with the most."""

    kernel: str
    """Empty: the tracer did not tell."""
    unit: str
    """``cycles`` or ``samples``."""
    instructions: int
    spent: int
    stalled: int
    idle: int
    by_kind: dict[str, tuple[int, int, int]]
    """StallKind to spent, stalled, idle."""
    sites: tuple[Site, ...]
    """The most spent and idle first; the tail is cut."""
    isa: str | None = None
    """Fingerprint of all instructions at their places; None when not all are known."""


class CounterTotal(Struct, frozen=True, kw_only=True):
    """One hardware counter over the dispatches of one kernel."""

    kernel: str
    counter: str
    dispatches: int
    total: float


class Recording(Struct, frozen=True, kw_only=True):
    """What one traced command left behind, read and checked."""

    launches: tuple[Launch, ...] = ()
    dispatches: tuple[DispatchRecord, ...] = ()
    """By start time; empty when ``dispatches_left_out``."""
    dispatches_left_out: int = 0
    """Dispatches that are in the launches' sums only, because there are too many to list."""
    agents: tuple[Agent, ...] = ()
    sites: tuple[KernelSites, ...] = ()
    counters: tuple[CounterTotal, ...] = ()
    isa: dict[str, str] = {}
    """Base name of a kernel to the fingerprint of its compiled code, where that lay beside the trace."""
    compiled: tuple[Compiled, ...] = ()
    """Each variant that lay there."""
    lanes: tuple[Lane, ...] = ()
    """Empty where dispatches are not listed, or the format does not tell."""
    copies: tuple[tuple[int, int], ...] | None = None
    """Start and end of each copy of memory, in ns; None: they were not traced."""
    files: tuple[str, ...] = ()
    """What was read, below the folder."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read."""

"""What is kept of a recording: the part that a report shows and a hypothesis can point at."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.recording import Agent, CounterTotal, Extent


class Role(Enum):
    """What a target kernel is to the others."""

    MAIN = "main"
    REDUCE = "reduce"
    """Runs after the main kernel to combine its parts."""
    SPECIALISED = "specialised"
    """Takes the main kernel's place for some classes."""


class TargetKernel(Struct, frozen=True, kw_only=True):
    """A kernel under tuning, and why it is taken for one."""

    name: str
    role: Role = Role.MAIN
    why: str = ""


class KernelSummary(Struct, frozen=True, kw_only=True):
    """One kernel over the whole trace; registers and shape are those of its launch with the most time."""

    name: str
    calls: int
    total_ns: int
    average_ns: float
    share_pct: float
    min_ns: int | None = None
    max_ns: int | None = None
    arch_vgpr: int | None = None
    accum_vgpr: int | None = None
    sgpr: int | None = None
    lds_bytes: int | None = None
    scratch_bytes: int | None = None
    workgroup: Extent | None = None
    grid: Extent | None = None
    shapes: int = 1
    """How many different launches (shape, registers, agent) are summed up here."""


class Cliff(Struct, frozen=True, kw_only=True):
    """Where a kernel stands between the two uses of a resource at which the number of waves changes."""

    resource: str
    """``vgpr``, ``sgpr`` or ``lds`` (in bytes)."""
    used: int
    waves: float
    """That this resource allows."""
    over: int | None = None
    """How much less would let more waves in; None when it bounds nothing."""
    waves_above: float | None = None
    """The waves that this would allow."""
    room: int
    """How much more may be used before waves are lost."""


class Occupancy(Struct, frozen=True, kw_only=True):
    """How many waves a SIMD can hold of one kernel, and what keeps it from holding more."""

    kernel: str
    gfx: str
    waves_per_simd: float
    max_waves_per_simd: int
    limited_by: tuple[str, ...]
    """Of vgpr, sgpr, lds, workgroups, grid; empty when nothing limits it."""
    by_resource: dict[str, float] = {}
    unknown: tuple[str, ...] = ()
    """Resources that the trace does not tell."""
    next_step: str = ""
    """What would let one more wave in."""
    cliffs: tuple[Cliff, ...] = ()
    """The same as numbers, of every resource that an edit of the kernel can change."""


class StallKind(Enum):
    """What a wave was held up by."""

    BARRIER = "barrier"
    VMEM_WAIT = "vmem_wait"
    LDS_SMEM_WAIT = "lds_smem_wait"
    OTHER_WAIT = "other_wait"
    VMEM = "vmem"
    LDS = "lds"
    SMEM = "smem"
    MFMA = "mfma"
    VALU = "valu"
    SALU = "salu"
    BRANCH = "branch"
    OTHER = "other"


class StallShare(Struct, frozen=True, kw_only=True):
    """One kind of stall over all instructions of one kernel."""

    kernel: str
    kind: StallKind
    share_pct: float
    """Time at such instructions, stalled or not."""
    stalled_pct: float = 0.0
    idle_pct: float | None = None
    """Bubbles before such instructions; None from a sampler, which cannot see them."""


class Hotspot(Struct, frozen=True, kw_only=True):
    """A ranked place of lost time."""

    id: str
    """What a hypothesis cites; the same place has the same id in the next trace."""
    kind: str
    """``kernel``, ``occupancy``, ``idle``, ``spill`` or a StallKind."""
    kernel: str
    share_pct: float
    """Of all GPU time for a kernel, else of the kernel's cycles or samples."""
    source: str = ""
    instruction: str = ""
    note: str = ""


class Trace(Struct, frozen=True, kw_only=True):
    """What one traced command showed."""

    total_ns: int = 0
    kernels: tuple[KernelSummary, ...] = ()
    """The most time first; the tail is cut, ``kernels_left_out`` says how much of it."""
    kernels_left_out: int = 0
    targets: tuple[TargetKernel, ...] = ()
    agents: tuple[Agent, ...] = ()
    """Only those the kernels ran on."""
    occupancy: tuple[Occupancy, ...] = ()
    stalls: tuple[StallShare, ...] = ()
    hotspots: tuple[Hotspot, ...] = ()
    counters: tuple[CounterTotal, ...] = ()
    isa: dict[str, str] = {}
    """Kernel to a fingerprint of its instructions."""
    notes: tuple[str, ...] = ()

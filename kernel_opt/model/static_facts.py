"""What compiled code tells before it runs: registers, memory, instructions and waves of each kernel."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.recording import Extent
from kernel_opt.model.trace import Occupancy


class FingerprintKind(Enum):
    """What a fingerprint was taken over; two of different kinds say nothing about each other."""

    TEXT = "text"
    """Normalised assembly text."""
    CODE = "code"
    """The machine code of a linked file."""
    OBJECT = "object"
    """The machine code of a file that was not linked yet."""


class Fingerprint(Struct, frozen=True):
    """A digest of a kernel's instructions that names, addresses and debug information do not change."""

    kind: FingerprintKind
    digest: str


class InstructionCounts(Struct, frozen=True, kw_only=True):
    """Instructions as they stand in the code, each once: a loop's body is not multiplied by its turns."""

    total: int = 0
    mfma: int = 0
    """MFMA, WMMA and their sparse kinds."""
    valu: int = 0
    salu: int = 0
    smem: int = 0
    vmem_load: int = 0
    vmem_store: int = 0
    vmem_atomic: int = 0
    scratch: int = 0
    """Loads and stores of private memory; through a buffer they count as vmem on targets older than gfx940."""
    lds: int = 0
    branch: int = 0
    barrier: int = 0
    wait: int = 0
    other: int = 0


class KernelStatics(Struct, frozen=True, kw_only=True):
    """One kernel as compiled. What the input does not tell is None."""

    name: str
    source: str = ""
    """The file it was read from, with the member of a bundle after ``!``."""
    gfx: str | None = None
    """The target without feature flags, such as ``gfx942``."""
    wave_size: int | None = None
    arch_vgpr: int | None = None
    agpr: int | None = None
    """Accumulation registers; 0 where the target has none."""
    vgpr: int | None = None
    """What counts against the register file: both kinds together on gfx90a and later."""
    sgpr: int | None = None
    vgpr_spills: int | None = None
    sgpr_spills: int | None = None
    scratch_bytes: int | None = None
    """Private memory of one work-item."""
    has_dynamic_stack: bool | None = None
    lds_bytes: int | None = None
    """Of one work-group, without what the launch adds."""
    kernarg_bytes: int | None = None
    max_workgroup_items: int | None = None
    workgroup: Extent | None = None
    """The only work-group size it may be launched with; None when any up to the most will do."""
    float_mode: int | None = None
    """Rounding and denormal bits: the same instructions compute differently under another mode."""
    counts: InstructionCounts | None = None
    """None for machine code: it is not disassembled."""
    code_bytes: int | None = None
    fingerprint: Fingerprint | None = None
    occupancy: Occupancy | None = None
    """None on a target whose limits are not known."""
    launch_problems: tuple[str, ...] = ()
    """Why it can never be launched on its target; empty when nothing speaks against it."""


class Statics(Struct, frozen=True, kw_only=True):
    """All kernels of one file or folder."""

    kernels: tuple[KernelStatics, ...] = ()
    files: tuple[str, ...] = ()
    """What was read, below the folder."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read."""


Figure = int | float | str | None


class KernelChange(Struct, frozen=True, kw_only=True):
    """One kernel in two builds."""

    name: str
    other_name: str | None = None
    """As the second build calls it, where that is another name."""
    is_new: bool = False
    is_gone: bool = False
    same_isa: bool | None = None
    """None when either has no fingerprint, or the two are of different kinds."""
    has_effect: bool | None = None
    """False only when the instructions and everything else that is known are the same."""
    changed: dict[str, tuple[Figure, Figure]] = {}
    """What differs, before and after; instructions by their kind, waves as ``waves_per_simd``."""


class StaticChanges(Struct, frozen=True, kw_only=True):
    """What changed between two builds."""

    kernels: tuple[KernelChange, ...] = ()
    has_effect: bool | None = None
    """False when no kernel changed in any way; None when that cannot be told."""

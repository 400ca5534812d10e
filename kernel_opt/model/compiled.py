"""What compiling a candidate ahead of any GPU time showed, next to best."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.static_facts import KernelStatics, StaticChanges


class BuildEnd(Enum):
    """How one build ended."""

    BUILT = "built"
    REFUSED = "refused"
    """By the compiler, in its words."""
    NOT_BUILT = "not-built"
    """For a reason of this machine's: it says nothing of the code."""


class HostFunction(Struct, frozen=True, kw_only=True):
    """One function compiled for the processor; its traffic with the stack is shown and decides nothing."""

    name: str
    instructions: int
    frame_bytes: int
    stack_moves: int
    vector_stack_moves: int
    digest: str
    """Of its instructions."""


class Built(Struct, frozen=True, kw_only=True):
    """One specialisation as compiled."""

    name: str
    end: BuildEnd
    target: str = ""
    """Empty: code for the processor."""
    classes: tuple[str, ...] = ()
    """Globs of the class keys that run it; empty: all."""
    why: str = ""
    log_tail: str = ""
    kernels: tuple[KernelStatics, ...] = ()
    functions: tuple[HostFunction, ...] = ()
    error: float | None = None
    """Largest difference from float64 that the build's own program found; shown, and decides nothing."""
    folder: str = ""
    """Where its log and its code lie, below the run's state."""
    wall_s: float = 0.0


class CompileOutcome(Enum):
    """What follows for the candidate."""

    FINE = "fine"
    BROKEN = "does-not-compile"
    CANNOT_LAUNCH = "cannot-launch"
    UNUSED = "unused"
    """It compiles to the very same code, and nothing else was changed."""
    COSTLIER = "costlier"
    """More spills or fewer waves: told, never decided by."""
    NOT_CHECKED = "not-checked"


class BuildChange(Struct, frozen=True, kw_only=True):
    """One build of the candidate against best's."""

    name: str
    target: str
    changes: StaticChanges
    functions: tuple[HostFunction, ...] = ()
    """Best's, of code for the processor."""
    error: float | None = None
    """Best's largest difference from float64."""


class Compiled(Struct, frozen=True, kw_only=True):
    """All builds of a candidate, weighed."""

    outcome: CompileOutcome
    why: str = ""
    log_tail: str = ""
    builds: tuple[Built, ...] = ()
    changes: tuple[BuildChange, ...] = ()
    """Against best, for what both compile."""
    wall_s: float = 0.0

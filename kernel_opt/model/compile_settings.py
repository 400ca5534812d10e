"""What is compiled of a candidate before it takes a card: settings of the compile gate."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.amounts import Amount


class Builder(Enum):
    """How a specialisation is compiled."""

    FLYDSL = "flydsl"
    TRITON = "triton"
    CLANG = "clang"
    CC = "cc"
    COMMAND = "command"


class BuildSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One specialisation of the kernel, compiled without a card."""

    name: str
    """As every record calls it."""
    builder: Builder
    command: tuple[str, ...]
    """argv, run in the candidate's tree, with ``{target}`` and ``{dump}`` filled in; for "clang" what follows it."""
    classes: tuple[str, ...] = ()
    """Globs of the keys of the config classes that run it; empty: all."""
    targets: tuple[str, ...] = ()
    """Such as "gfx942"; empty: the card that the baseline was traced on."""
    covers: tuple[str, ...] = ()
    """Globs of files that act through the compiled code alone; of other files only the insides of kernels do."""
    version: str = ""
    """Of the compiler's package; with another one the build says nothing. Empty: any."""
    timeout_s: Amount = 180.0
    """Seconds; compilers of real attention kernels took 2 to 45."""
    memory_mb: Amount = 16384.0
    """MB of address space; a runaway compile must not take the machine down. 0: no bound."""


class CompileSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked at before any GPU time."""

    builds: tuple[BuildSettings, ...] = ()
    """Empty: nothing is compiled ahead, and every record says so."""

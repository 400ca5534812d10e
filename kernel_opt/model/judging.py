"""How the judge is asked, and what it asks for next."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.measurement import Arm


class Preset(Enum):
    """Which rule decides."""

    EVIDENCE = "evidence"
    """Sequential evidence from interleaved pairs, with the least effect of the protocol."""
    PROTOCOL_STRICT = "protocol-strict"
    """One run each; below the least effect is noise unless the same direction shows twice in a row."""


class JudgeLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as better, how sure to be, and what it may cost."""

    preset: Preset = Preset.EVIDENCE
    min_effect_pct: float = 1.0
    """Percent of time; below it is noise or not worth a commit (the protocol's 1 %)."""
    severe_pct: float = 5.0
    """Percent of time; before a keep, more pairs are spent on a class that may still be this much slower."""
    confidence: float = 0.98
    """Of a keep by the pairs alone: 1 / (1 - confidence) to one. Wrong keeps add up over a night, so not 0.95."""
    max_pairs: int = 16
    """Pairs at most: 32 runs resolve 2 % up to about 1 % of run-to-run noise; more buys little per GPU hour."""
    max_redos: int = 2
    """Times one run may be measured again; a machine that disturbs three times in a row will do so again."""
    clock_change_pct: float = 3.0
    """Percent of the core clock between the halves of a pair; a memory-bound kernel follows it only partly."""
    temperature_change_c: float = 15.0
    """Degrees between the halves of a pair; a cold card boosts higher than a warm one."""
    gpu_time: bool = True
    """Whether the platform can trace GPU time; if so, script time never keeps."""


class RunArm(Struct, frozen=True, kw_only=True):
    """Run this build once more."""

    arm: Arm
    reason: str


class Redo(Struct, frozen=True, kw_only=True):
    """Run the build of this run again in its place."""

    index: int
    why: str

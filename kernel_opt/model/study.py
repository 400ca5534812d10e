"""A study: the same kernel tuned twice over, by two arms that differ in one thing, each with several seeds."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from kernel_opt.model.amounts import AtLeastOne

MOST_SEEDS = 16
"""An exact test looks at two to the power of the seeds, for every round of the picture; few have nights for more."""

Seeds = Annotated[int, Meta(ge=1, le=MOST_SEEDS)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,23}\Z")]
"""Part of a tag, which names a branch and a folder."""


class Arm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two ways that are compared."""

    name: Name
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """Laid over the settings of the kernel, table by table: what makes this arm."""


class StudyPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study file says."""

    name: Name
    repository: str = ""
    """Relative to the study's file; empty: the folder that the file is in."""
    config: str = ""
    """Settings of the kernel, relative to the study's file; empty: those that `kernel-opt start` would take."""
    seeds: Seeds = 6
    """Tracks of each arm; below six no difference can be told with 95 % confidence."""
    rounds: AtLeastOne
    """Budget of every track: hypotheses that it may try."""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """Laid over the settings of the kernel in both arms."""
    arms: tuple[Arm, Arm]


class TrackName(Struct, frozen=True):
    """One run of a study."""

    tag: str
    arm: str
    seed: int


class Estimate(Struct, frozen=True, kw_only=True):
    """A mean with the interval it lies in."""

    value: float
    low: float | None = None
    high: float | None = None
    """None: too few values for any interval."""
    confidence_pct: float | None = None
    """How surely it lies in there: 95 % or a little more; less where so few values allow no more."""


class Contrast(Struct, frozen=True, kw_only=True):
    """What the differences of pairs tell."""

    pairs: int
    difference: Estimate
    p: float
    """How often chance alone gives a mean as far from none, were both arms alike: over all flips of the signs."""
    ahead: int
    """Pairs in which the first arm did better."""
    behind: int
    sign_p: float
    """The same by counting alone who was ahead."""

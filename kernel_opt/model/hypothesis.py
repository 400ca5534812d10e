"""The written claim of a round."""

from enum import Enum

from msgspec import Struct


class Direction(Enum):
    """Which way the proposer expects the metric to go."""

    FASTER = "faster"
    SAME = "same"
    SLOWER = "slower"


class Prediction(Struct, frozen=True, kw_only=True):
    """The predicted effect: direction, size, on what."""

    direction: Direction = Direction.FASTER
    size_pct: float | None = None
    metric: str = "gpu_time"


class Hypothesis(Struct, frozen=True, kw_only=True):
    """One sentence, the bottleneck it points at, the classes it is about, the effect it predicts, and why."""

    sentence: str
    bottlenecks: tuple[str, ...] = ()
    """Ids from the trace report."""
    targets: tuple[str, ...] = ()
    """Keys of config classes; empty means global."""
    prediction: Prediction = Prediction()
    why: str = ""
    risk: str = ""
    differs: str = ""
    """What is different from an earlier failed try at the same."""
    proposer: str = ""
    """Who claimed it: whoever did is asked to mend it."""


class Usage(Struct, frozen=True, kw_only=True):
    """What a call of the proposer cost, as far as it told; None: it did not say."""

    wall_s: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class Origin(Enum):
    """How a candidate came to be."""

    PROPOSED = "proposed"
    QUICK_FIX = "quick-fix"
    REPAIR = "repair"
    SPLIT = "split"
    FORMATTED = "formatted"


class Candidate(Struct, frozen=True, kw_only=True):
    """The hypothesis as a commit that can be run."""

    commit: str
    parent: str
    origin: Origin
    files: tuple[str, ...]
    lines_added: int
    lines_removed: int

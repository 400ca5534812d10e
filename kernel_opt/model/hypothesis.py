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
    deeper: bool = False
    """Counters of best's kernels are wished for, for a later brief."""
    proposer: str = ""
    """Who claimed it: whoever did is asked to mend it."""
    model: str = ""
    """The model behind the proposer, where there is one and it was told."""


class Usage(Struct, frozen=True, kw_only=True):
    """What a call of the proposer cost, as far as it told; None: it did not say."""

    wall_s: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    agent: str = ""
    """Who was called, as the settings name it; empty for proposers without a model behind them."""
    model: str = ""
    version: str = ""
    """Of the program that was called."""


class Origin(Enum):
    """How a candidate came to be."""

    PROPOSED = "proposed"
    QUICK_FIX = "quick-fix"
    LOOK_AGAIN = "look-again"
    REPAIR = "repair"
    SPLIT = "split"
    FORMATTED = "formatted"
    REBASED = "rebased"


class Candidate(Struct, frozen=True, kw_only=True):
    """The hypothesis as a commit that can be run."""

    commit: str
    parent: str
    origin: Origin
    files: tuple[str, ...]
    lines_added: int
    lines_removed: int
    signals: tuple[str, ...] = ()
    """What in its added lines has been used to cheat elsewhere; a reason to look twice, never to refuse."""
    touched: tuple[str, ...] = ()
    """Functions that its diff names, as git tells them."""

"""The shape of a stored status, schema 1: what `status --json` prints of a run."""

from msgspec import Struct

from kernel_opt.views.gains import ClassGain, Gain

SCHEMA = 1


class StepNow(Struct, frozen=True, kw_only=True):
    """What is being done: the step's name, the same in words, since when (wall clock) and for about how long."""

    name: str
    text: str
    since_s: float
    expected_s: float | None = None


class HoldNow(Struct, frozen=True, kw_only=True):
    """Why nothing happens for a while, and until when (wall clock)."""

    cause: str
    why: str
    until_s: float | None
    times: int


class Recent(Struct, frozen=True, kw_only=True):
    """One of the last rounds."""

    round: int
    ending: str
    sentence: str
    targets: tuple[str, ...]
    gain_pct: float | None
    why: str


class Headline(Struct, frozen=True, kw_only=True):
    """Baseline against best, measured afresh; of an older best when something was kept since."""

    gain: Gain
    pairs: int
    is_current: bool


class Spent(Struct, frozen=True, kw_only=True):
    """What the run has used up."""

    gpu_s: float
    agent_tokens: int
    cost_usd: float
    active_s: float


class StopNow(Struct, frozen=True, kw_only=True):
    """Why the run ends or has ended."""

    reason: str
    code: str
    is_done: bool


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything `status --json` says of a run; fields are added, never renamed, within one schema number."""

    schema: int = SCHEMA
    tag: str
    repository: str
    worktree: str
    branch: str
    state: str
    """``starting``, ``running``, ``waiting``, ``paused``, ``stopping`` or ``stopped``."""
    step: StepNow
    hold: HoldNow | None
    round: int
    baseline_commit: str
    best_commit: str
    best_round: int
    classes: tuple[ClassGain, ...]
    overall: Gain
    headline: Headline | None
    regressions_in_a_row: int
    regressions_limit: int
    keeps: int
    endings: dict[str, int]
    recent: tuple[Recent, ...]
    spent: Spent
    stop: StopNow | None
    detectable_pct: dict[str, float | None]
    started_s: float
    last_fact_s: float

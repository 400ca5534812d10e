"""The shape of a stored status, schema 1: what `status --json` prints of a run. Described in docs/status-json.md."""

from msgspec import Struct

from kernel_opt.views.gains import ClassGain, Gain

SCHEMA = 1


class StepNow(Struct, frozen=True, kw_only=True):
    """What is being done: the step's name, the same in words, since when (wall clock) and for about how long."""

    name: str
    text: str
    since_s: float
    expected_s: float | None = None
    expected_of: int = 0
    """How many earlier times in this run that is the median of; 0: it is not known yet."""


class RoundNow(Struct, frozen=True, kw_only=True):
    """The open round's clock: since when, how much of it was waiting, and what a round usually takes."""

    since_s: float
    waited_s: float
    expected_s: float | None
    expected_of: int


class HoldNow(Struct, frozen=True, kw_only=True):
    """Why nothing happens for a while, and until when (wall clock)."""

    cause: str
    why: str
    until_s: float | None
    times: int
    most_times: int = 0
    """Looks or tries after which the run gives up; 0: not told."""


class LaneNow(Struct, frozen=True, kw_only=True):
    """One of several rounds that are open at once."""

    lane: int
    round: int
    step: str
    """The step's name."""
    text: str
    """The same in words, or what it waits for."""
    since_s: float
    """When the round last got on (wall clock)."""
    is_waiting: bool
    card: str
    """The card it was measured on last; empty: on none yet."""
    is_behind: bool
    """Another round became best since: it is put on that one before it is judged again."""


class Recent(Struct, frozen=True, kw_only=True):
    """One of the last rounds."""

    round: int
    ending: str
    sentence: str
    targets: tuple[str, ...]
    gain_pct: float | None
    why: str
    uncertainty_pct: float | None = None
    is_given_up: bool = False


class Headline(Struct, frozen=True, kw_only=True):
    """Baseline against best, measured afresh; of an older best when something was kept since."""

    gain: Gain
    pairs: int
    is_current: bool


class AgentSpent(Struct, frozen=True, kw_only=True):
    """What one agent with one model was asked, what it won, and what that cost."""

    agent: str
    model: str
    calls: int
    rounds: int
    """Ended rounds whose hypothesis was its own."""
    keeps: int
    tokens: int
    cost_usd: float | None
    """None: it never told."""


class Spent(Struct, frozen=True, kw_only=True):
    """What the run has used up; money and tokens as far as the proposer told them, None when it never did."""

    gpu_s: float
    agent_tokens: int | None
    cost_usd: float | None
    active_s: float
    agents: tuple[AgentSpent, ...] = ()


class Predictions(Struct, frozen=True, kw_only=True):
    """What the run's predictions were worth, of those that were measured."""

    confirmed: int
    refuted: int
    inconclusive: int
    factor: float | None
    """Median of measured over predicted change; None: none named a size."""


class AgentNow(Struct, frozen=True, kw_only=True):
    """How the proposer is: when it last answered (wall clock), and why it does not now."""

    name: str
    answered_s: float | None
    away_times: int
    away_why: str
    counters: str
    """Whether it asks for counters of best, or what came of the last time it did."""


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
    round_now: RoundNow | None
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
    predictions: Predictions
    spent: Spent
    stop: StopNow | None
    detectable_pct: dict[str, float | None]
    card: str
    """The card that was measured on last; empty before the first."""
    sandbox: str
    """The level at which children are held, such as S3; empty in journals that do not tell."""
    sandbox_text: str
    refused: tuple[tuple[str, int], ...] = ()
    """Proposers whose last three or more proposals were all refused, and how many."""
    lanes_limit: int = 1
    """Rounds that may be measured at once."""
    lanes: tuple[LaneNow, ...] = ()
    """All open rounds, where several may be open; else none."""
    agent: AgentNow
    blocked: str
    """What only a person can mend; empty when there is nothing."""
    min_free_mb: float
    """Room on the disk below which no round starts."""
    started_s: float
    last_fact_s: float

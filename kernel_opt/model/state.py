"""Where a run stands: folded from its facts, never written down itself."""

from itertools import chain

from msgspec import Struct, field

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.deeper import Deeper
from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.lesson import Finding
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.spending import AgentTally, Spent
from kernel_opt.model.stages import NeedBaseline, Stage
from kernel_opt.model.trace import Trace
from kernel_opt.model.verdict import Verdict


class Hold(Struct, frozen=True):
    """Why nothing happens for a while: who is in the way, since when, how often in a row."""

    cause: str
    since_s: float
    count: int
    why: str
    retry_after_s: float | None = None


class Best(Struct, frozen=True):
    """The commit that every candidate must beat now."""

    commit: str
    """What the branch points at: code and report."""
    code: str
    """The commit whose code was measured; same code, other report."""
    run: BenchRun
    round: int
    trace: Trace | None = None
    claimed: float = 1.0
    """Its time over the baseline's, by the verdicts of all keeps up to it, or since it was measured afresh by that."""


class Parked(Struct, frozen=True):
    """A round that is open while another one is looked at: all that is known of it alone."""

    round: int
    lane: int
    stage: Stage
    best: Best | None
    """What its candidate is told against; None: what stands on the branch."""
    ask: Ask | None = None
    bank: tuple[Measurement, ...] | None = None
    faults_here: int = 0
    fault_why: str = ""
    disturbances_here: int = 0
    looks: int = 0
    proposer_away: int = 0
    hold: Hold | None = None
    stage_s: float = 0.0
    here_s: float = 0.0
    spent: Spent = Spent()
    since_s: float = 0.0
    waited_s: float = 0.0


class Expected(Struct, frozen=True):
    """How long something usually takes: the median of the last few times in this run."""

    seconds: float
    of: int


class Pace(Struct, frozen=True):
    """How long the steps of this run took, by kind, the last few of each; and the open round's own clock."""

    took_s: tuple[tuple[float, ...], ...] = ()
    round_since_s: float = 0.0
    round_waited_s: float = 0.0
    """Of the time since then: waits, pauses, and no daemon at work."""


class Lookback(Struct, frozen=True):
    """One ended round in a few words, for status and for the next brief."""

    round: int
    ending: Ending
    sentence: str
    targets: tuple[str, ...]
    gain_pct: float | None
    why: str
    uncertainty_pct: float | None = None
    """Half of the 95 % interval, in percentage points."""
    is_given_up: bool = False
    """It was kept, and found later not to hold."""


class Trial(Struct, frozen=True):
    """One hypothesis with what was measured of it: what a search goes on from."""

    sentence: str
    ending: Ending
    ratios: tuple[tuple[str, float], ...] = ()
    """Class key and candidate over the best of that time; empty when nothing was measured, or against an older best."""
    round: int = 0
    why: str = ""
    """Why it ended so."""
    bottlenecks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    """Functions that its diff names."""
    aim: Aim = Aim.EXPLOIT
    """What its round had been asked for."""
    finding: Finding = Finding.INCONCLUSIVE
    predicted_pct: float | None = None
    """Positive is faster."""
    gain_pct: float | None = None
    """Measured on its target, the same way; None: nothing was."""
    uncertainty_pct: float | None = None
    condition: str = ""
    """Where its classes diverged: what tells those that gained from the others."""


class RegressionNote(Struct, frozen=True):
    """One regression as the stop summary tells it."""

    at_s: float
    best: str
    candidate: str
    hypothesis: str
    files: tuple[str, ...]
    best_us: float | None
    candidate_us: float | None
    best_gpu_us: float | None
    candidate_gpu_us: float | None
    delta_pct: float
    notes: str


class Tally(Struct, frozen=True):
    """What the run has counted and used up."""

    regressions_in_a_row: int = 0
    fault_rounds: int = 0
    empty_rounds: int = 0
    refusals_in_a_row: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    """Proposer to its own refusals in a row, none of them 0; whose round ended last comes first."""
    rounds_since_start: int = 0
    keeps: int = 0
    headline_keeps: int = 0
    gpu_s: float = 0.0
    cost_usd: float = 0.0
    agent_tokens: int = 0
    active_s: float = 0.0
    day: Spent = Spent()
    """On the last day that had any cost."""
    in_round: Spent = Spent()
    """In the round under way."""
    agents: tuple[AgentTally, ...] = ()
    endings: tuple[tuple[str, int], ...] = ()


class StopState(Struct, frozen=True):
    """How far the end of the run has come."""

    reason: str
    code: str
    sealed: tuple[str, str] | None = None
    is_done: bool = False
    planned_s: float = 0.0
    """The date of the summary's commit."""
    goes_on: bool = False
    """Resumed while the branch may have been moving to the summary: that is finished first, then the run goes on."""


class RunState(Struct, frozen=True):
    """The whole run, folded from its facts."""

    tag: str = ""
    base: str = ""
    worktree: str = ""
    repository: str = ""
    stage: Stage = field(default_factory=NeedBaseline)
    round: int = 0
    """The round that is looked at; between rounds the last one that was opened."""
    lane: int = 1
    """Whose worktree that round has."""
    parked: tuple[Parked, ...] = ()
    """The other open rounds; none, where one is opened only after the other."""
    opened: int = 0
    """The last round that was opened, whichever is looked at."""
    best: Best | None = None
    """What the round that is looked at is told against."""
    moved_on: Best | None = None
    """What stands on the branch, where that is another one since the round began; None: ``best`` does."""
    bests: tuple[Best, ...] = ()
    """The baseline, the last best that was proved again, and all since, best itself last: where to go back to."""
    bare_tip: str = ""
    """The branch before there is a best: the base, or a stop summary on top of it."""
    baseline: BenchRun | None = None
    baseline_trace: Trace | None = None
    classes: tuple[ConfigClass, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    """The last ones, newest last: how best ran, for the judge's bank."""
    bank: tuple[Measurement, ...] | None = None
    """The same as they were when the round's candidate was found right: what comes meanwhile from other rounds must
    not change the question that its own measurement answers. None: outside of such a measurement."""
    detectable_pct: dict[str, float | None] = field(default_factory=dict[str, float | None])
    tally: Tally = Tally()
    ask: Ask | None = None
    """What the round under way was asked for; None in old runs."""
    lookbacks: tuple[Lookback, ...] = ()
    """The last five rounds."""
    trial_blocks: tuple[tuple[Trial, ...], ...] = ()
    """Every trial so far in blocks: one more copies a block and not all, of which a long run has thousands."""
    recent_regressions: tuple[RegressionNote, ...] = ()
    headline: Verdict | None = None
    traced_code: str = ""
    traced_card: str = ""
    traced_s: float = 0.0
    has_moved: bool = False
    """What was measured since that trace ran on another card."""
    deeper: Deeper = Deeper()
    faults_here: int = 0
    fault_why: str = ""
    """What the last of these faults was; unlike ``hold`` it outlives the wait."""
    disturbances_here: int = 0
    looks: int = 0
    proposer_away: int = 0
    proposer_lost: str = ""
    """Why no wait will bring the proposer back."""
    hold: Hold | None = None
    paused: bool = False
    stop_asked: str = ""
    blocked: str = ""
    """Something only a person can undo, such as a branch that somebody else moved."""
    stop: StopState | None = None
    sandbox: str = ""
    """The level at which children are held, as the last daemon said it; empty in journals that do not tell."""
    pace: Pace = Pace()
    agent_s: float = 0.0
    """When the proposer last answered."""
    max_rounds: int = 0
    max_hours: float = 0.0
    started_s: float = 0.0
    last_s: float = 0.0
    here_s: float = 0.0
    """When the last fact of the round that is looked at came."""
    stage_s: float = 0.0
    """When the stage was reached: the date of every commit made in it, the same before and after a crash."""

    @property
    def tip(self) -> str:
        """The commit that the branch points at."""
        return self.best.commit if self.best else self.bare_tip or self.base

    @property
    def code(self) -> str:
        """The commit whose code is best now."""
        return self.best.code if self.best else self.base

    @property
    def branch_best(self) -> Best | None:
        """What stands on the branch: what a new round begins with, and what a person is told of."""
        return self.moved_on or self.best

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every hypothesis so far and what was measured; a kept one is the best that later ratios are told against."""
        return tuple(chain.from_iterable(self.trial_blocks))

    @property
    def ideas(self) -> tuple[tuple[str, Ending], ...]:
        """Every hypothesis so far and how it ended, so that nothing is tried twice by accident."""
        return tuple((trial.sentence, trial.ending) for trial in self.trials)

"""What happened, in the past tense. Written once, never changed; an old one must load for ever."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.bench import BenchRun, WrongRow
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.integrity import IntegrityCheck
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.trace import Trace
from kernel_opt.model.verdict import Verdict


class Fact(Struct, frozen=True, kw_only=True, tag=True):
    """One thing that happened."""


class RunStarted(Fact, frozen=True, kw_only=True):
    """A run was set up: branch and worktree stand at the base commit."""

    tag: str
    base: str
    repository: str
    worktree: str
    branch: str
    settings: dict[str, object]
    settings_source: str
    version: str
    environment: dict[str, str] = {}
    pins: dict[str, str] = {}
    """SHA-256 of each of the settings' ``tree.inputs`` when the run began."""


class DaemonStarted(Fact, frozen=True, kw_only=True):
    """A daemon took the run; by a person's wish, or again after a crash."""

    pid: int
    wished: bool
    """True when a person started or resumed it: limits count from here."""
    max_rounds: int = 0
    max_hours: float = 0.0
    containment: str = ""
    sandbox: str = ""
    """The level at which children are held, such as S3; empty in journals from before there were any."""
    pause: bool = False


class StopAsked(Fact, frozen=True, kw_only=True):
    """Somebody asked the run to stop."""

    by: str
    usage: Usage = Usage()
    """What the call of the proposer that was ended for it had cost."""


class Paused(Fact, frozen=True, kw_only=True):
    """Somebody asked the run to rest between two steps."""


class Unpaused(Fact, frozen=True, kw_only=True):
    """The rest is over."""

    rested_s: float = 0.0


class NoIdleGpu(Fact, frozen=True, kw_only=True):
    """A look at the cards found none that may be taken."""

    why: tuple[str, ...]
    waited_s: float = 0.0
    """Seconds the look lasted in a scheduler's queue: nothing was granted at its beginning, nor at its end."""


class Waited(Fact, frozen=True, kw_only=True):
    """A wait is over."""

    waited_s: float
    reason: str


class Disturbed(Fact, frozen=True, kw_only=True):
    """A measurement was thrown away because the card was not ours alone."""

    why: tuple[str, ...]
    gpu_s: float = 0.0


class Faulted(Fact, frozen=True, kw_only=True):
    """The machine failed, not the candidate."""

    kind: str
    why: str
    gpu_s: float = 0.0


class ProposerAway(Fact, frozen=True, kw_only=True):
    """The proposer could not be reached or is over its limit; no round is used up."""

    why: str
    retry_after_s: float | None = None
    final: bool = False
    """No wait will mend it: a wrong key, for instance."""
    usage: Usage = Usage()


class Benched(Fact, frozen=True, kw_only=True):
    """The benchmark ran and every row is right."""

    run: BenchRun
    classes: tuple[ConfigClass, ...] = ()
    """Only at the baseline: how its rows are grouped from now on."""
    class_note: str = ""
    checks: tuple[IntegrityCheck, ...] = ()


class BenchedWrong(Fact, frozen=True, kw_only=True):
    """The kernel ran but its numbers are wrong."""

    commit: str
    rows: tuple[WrongRow, ...]
    why: str
    folder: str
    log_tail: str = ""
    gpu_s: float = 0.0
    us: dict[str, float] = {}
    """Config to its time, only of a probe: what is wrong has no time that counts."""


class Broke(Fact, frozen=True, kw_only=True):
    """The candidate does not run: does not compile, crashes, hangs, writes no numbers."""

    commit: str
    kind: str
    why: str
    folder: str
    log_tail: str = ""
    trivial: bool = False
    """Looks like one line could mend it."""
    gpu_s: float = 0.0


class Purpose(Enum):
    """What a measurement is for."""

    NOISE = "noise"
    ROUND = "round"
    HEADLINE = "headline"


class Measured(Fact, frozen=True, kw_only=True):
    """Best and candidate were timed next to each other on one card."""

    purpose: Purpose
    measurement: Measurement
    trace: Trace | None = None
    """The candidate's last kernel trace."""
    folder: str
    gpu_s: float
    checks: tuple[IntegrityCheck, ...] = ()


class Traced(Fact, frozen=True, kw_only=True):
    """The best commit was traced for its hotspots."""

    commit: str
    trace: Trace | None
    folder: str
    note: str = ""
    card: str = ""
    """The card it ran on; empty when nothing was run."""
    gpu_s: float = 0.0
    asked: str = ""
    """What came of the counters that a proposer had asked for; empty when none had."""


class Judged(Fact, frozen=True, kw_only=True):
    """The evidence was weighed; never recomputed when rules change."""

    verdict: Verdict
    notes: tuple[str, ...] = ()


class NoiseJudged(Fact, frozen=True, kw_only=True):
    """What this machine can resolve, per class."""

    notes: tuple[str, ...]
    detectable_pct: dict[str, float | None]


class HeadlineJudged(Fact, frozen=True, kw_only=True):
    """Baseline against best, measured afresh."""

    verdict: Verdict
    commit: str
    holds: bool = True
    """Whether what was claimed for best is still there; if not, the run goes back to an earlier one."""
    why: str = ""


class StopPlanned(Fact, frozen=True, kw_only=True):
    """The run is about to end."""

    reason: str
    code: str


class Stopped(Fact, frozen=True, kw_only=True):
    """The run ended; everything is put away."""

    reason: str
    code: str
    best: str


class Entry(Struct, frozen=True, kw_only=True):
    """A fact with its place and time."""

    seq: int
    round: int
    at_s: float
    """Wall clock, for people and for waits that outlive a daemon."""
    boottime_s: float
    boot_id: str
    fact: Fact

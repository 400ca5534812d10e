"""Where a round stands, with what is known there: one small type per stage."""

from msgspec import Struct

from kernel_opt.model.bench import BenchRun, WrongRow
from kernel_opt.model.edit import Edit
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.trace import Trace
from kernel_opt.model.verdict import Verdict


class Tries(Struct, frozen=True):
    """What a round has used up; it travels with the stage, so that no candidate can loop for ever."""

    repairs: int = 0
    fixes: int = 0
    send_backs: int = 0
    is_split: bool = False
    is_formatted: bool = False
    looks: int = 0
    """Times the proposer was asked to look again at what its candidate compiles to."""
    has_won: bool = False
    """It was better than the best that its round began with, and is now tried on a newer one."""


class NeedBaseline(Struct, frozen=True):
    """Nothing is measured yet."""


class BaselineRight(Struct, frozen=True):
    """The kernel as found computes right numbers."""

    run: BenchRun


class BaselineTimed(Struct, frozen=True):
    """The kernel as found was timed against itself."""

    run: BenchRun
    measurement: Measurement
    trace: Trace | None


class BaselineWeighed(Struct, frozen=True):
    """What this machine can resolve is known."""

    run: BenchRun
    trace: Trace | None


class BaselineTraced(Struct, frozen=True):
    """The kernel as found was traced."""

    run: BenchRun


class BaselineSealed(Struct, frozen=True):
    """The baseline row is written as a commit."""

    run: BenchRun
    old: str
    new: str


class Unsound(Struct, frozen=True):
    """There is nothing to tune on: baseline or best does not run right."""

    why: str
    code: str


class Ready(Struct, frozen=True):
    """Between two rounds."""


class HeadlineTimed(Struct, frozen=True):
    """Baseline and best were timed afresh."""

    measurement: Measurement
    doubt: str = ""
    """Why the best before this one was given up; empty: this is the one that stands on the branch."""


class Doubted(Struct, frozen=True):
    """What stands on the branch did not hold; the state's best is the one before it."""

    why: str
    is_proved: bool = False
    """Whether the one before it was measured afresh and held."""


class RollbackSealed(Struct, frozen=True):
    """The way back is written as a commit; the branch has not moved yet."""

    why: str
    old: str
    new: str


class Opened(Struct, frozen=True):
    """A round without a proposal yet."""


class Drafted(Struct, frozen=True):
    """An edit that nobody has looked at yet."""

    hypothesis: Hypothesis
    edit: Edit
    origin: Origin
    tries: Tries


class Barred(Struct, frozen=True):
    """An edit that breaks a rule."""

    rule: str
    why: str
    cheat: bool
    tries: Tries
    origin: Origin
    hypothesis: Hypothesis


class Empty(Struct, frozen=True):
    """The proposer gave nothing."""

    why: str


class Runnable(Struct, frozen=True):
    """A candidate that may run."""

    hypothesis: Hypothesis
    candidate: Candidate
    tries: Tries
    doubt: str = ""
    """Why the proposer is asked to look again first: what it compiles to is costlier than best's."""


class Broken(Struct, frozen=True):
    """A candidate that does not run."""

    hypothesis: Hypothesis
    candidate: Candidate
    kind: str
    why: str
    trivial: bool
    tries: Tries
    log_tail: str = ""


class Wrong(Struct, frozen=True):
    """A candidate that computes wrong numbers."""

    hypothesis: Hypothesis
    candidate: Candidate
    why: str
    tries: Tries
    log_tail: str = ""
    rows: tuple[WrongRow, ...] = ()
    us: dict[str, float] = {}
    """Times of a probe by config."""


class Right(Struct, frozen=True):
    """A candidate that computes right numbers."""

    hypothesis: Hypothesis
    candidate: Candidate
    run: BenchRun
    tries: Tries


class Timed(Struct, frozen=True):
    """A candidate timed next to best."""

    hypothesis: Hypothesis
    candidate: Candidate
    run: BenchRun
    measurement: Measurement
    trace: Trace | None
    tries: Tries


class Weighed(Struct, frozen=True):
    """A candidate with its verdict."""

    hypothesis: Hypothesis
    candidate: Candidate
    run: BenchRun
    verdict: Verdict
    trace: Trace | None
    tries: Tries
    measurement: Measurement | None = None
    """What the verdict is of: the run's last one may be another round's."""


class Vetted(Struct, frozen=True):
    """A candidate worth keeping that stood the re-checks ``passes`` times."""

    hypothesis: Hypothesis
    candidate: Candidate
    run: BenchRun
    verdict: Verdict
    trace: Trace | None
    tries: Tries
    passes: int
    message: str | None = None
    """Why it works, in the agent's words; None: it was not asked."""
    measurement: Measurement | None = None


class KeepSealed(Struct, frozen=True):
    """The keep is written as a commit; the branch has not moved yet."""

    hypothesis: Hypothesis
    candidate: Candidate
    run: BenchRun
    verdict: Verdict
    trace: Trace | None
    old: str
    new: str
    passes: int = 0


Stage = (
    NeedBaseline
    | BaselineRight
    | BaselineTimed
    | BaselineWeighed
    | BaselineTraced
    | BaselineSealed
    | Unsound
    | Ready
    | HeadlineTimed
    | Doubted
    | RollbackSealed
    | Opened
    | Drafted
    | Barred
    | Empty
    | Runnable
    | Broken
    | Wrong
    | Right
    | Timed
    | Weighed
    | Vetted
    | KeepSealed
)

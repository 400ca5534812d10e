"""What happened within a round, from its opening to its end."""

from enum import Enum

from kernel_opt.model.compiled import Compiled
from kernel_opt.model.edit import Edit
from kernel_opt.model.explore import Ask
from kernel_opt.model.facts import Fact
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin, Usage
from kernel_opt.model.integrity import IntegrityCheck


class RoundOpened(Fact, frozen=True, kw_only=True):
    """A round began."""

    round: int
    best: str
    seed: int
    ask: Ask | None = None
    """What the proposer is asked for; None in journals from before it was."""
    lane: int = 1
    """Whose worktree it takes, where several rounds are open at once; lanes count from 1."""


class Proposed(Fact, frozen=True, kw_only=True):
    """The proposer handed back one hypothesis and one edit."""

    hypothesis: Hypothesis
    edit: Edit
    proposer: str
    usage: Usage
    folder: str


class GaveNothing(Fact, frozen=True, kw_only=True):
    """The proposer ended without a usable hypothesis or edit."""

    why: str
    usage: Usage
    folder: str


class Edited(Fact, frozen=True, kw_only=True):
    """The proposer changed its own candidate: a quick fix, a repair, a split."""

    origin: Origin
    edit: Edit
    note: str
    usage: Usage
    folder: str
    condition: str = ""
    """For a split: the dispatch condition it was asked for."""


class Checked(Fact, frozen=True, kw_only=True):
    """The edit is allowed and stands as a commit under its hidden ref."""

    candidate: Candidate
    notes: tuple[str, ...] = ()
    compiled: Compiled | None = None
    """None: no build is configured, so nothing was compiled ahead."""


class Refused(Fact, frozen=True, kw_only=True):
    """The edit breaks a rule, or a run of it showed that its figures were not come by honestly."""

    rule: str
    why: str
    cheat: bool = False
    """Against the integrity of the benchmark, not a mere slip that may be sent back."""
    checks: tuple[IntegrityCheck, ...] = ()
    folder: str = ""
    """Where the evidence lies; empty when nothing was run."""
    gpu_s: float = 0.0


class Rechecked(Fact, frozen=True, kw_only=True):
    """The would-be keep stood the re-checks once more, from cold: fresh trees, fresh caches, other data."""

    commit: str
    checks: tuple[IntegrityCheck, ...]
    folder: str
    gpu_s: float = 0.0


class Rebased(Fact, frozen=True, kw_only=True):
    """The round goes on from a newer best: what it has changed so far is put on that one, and checked from scratch."""

    onto: str
    """The code of that best."""
    edit: Edit | None = None
    """The same change told against it; None: nothing was drafted yet."""


class Formatted(Fact, frozen=True, kw_only=True):
    """The formatter ran over the candidate's files."""

    candidate: Candidate
    changed: bool
    compiled: Compiled | None = None
    """Next to the candidate as it was before; None: nothing changed, or no build is configured."""


class FormatFailed(Fact, frozen=True, kw_only=True):
    """The formatter could not run; the candidate stays as it was."""

    why: str


class Explained(Fact, frozen=True, kw_only=True):
    """The proposer said why its candidate works."""

    message: str
    """Empty: it said nothing of use, and the hypothesis has to do."""
    usage: Usage
    folder: str


class Sealed(Fact, frozen=True, kw_only=True):
    """The commit to publish is written; the branch is about to move."""

    purpose: str
    old: str
    new: str


class BaselineKept(Fact, frozen=True, kw_only=True):
    """The baseline row stands on the branch."""

    commit: str


class Kept(Fact, frozen=True, kw_only=True):
    """The candidate is the best now."""

    commit: str
    candidate: str
    why: str
    rechecks: int = 0
    """How often it stood the re-checks from cold; 0 in journals from before there were any."""


class RolledBack(Fact, frozen=True, kw_only=True):
    """Best no longer held when it was measured afresh: an earlier one that does is best again."""

    commit: str
    code: str
    why: str


class Ending(Enum):
    """How a round ended."""

    KEPT = "kept"
    TIE = "tie"
    UNCLEAR = "unclear"
    REGRESSION = "regression"
    DIVERGING = "diverging"
    FORMAT_LOST = "format-lost"
    REBASE_LOST = "rebase-lost"
    """Another round became best first: this one's change does not go with it, or its gain is gone on top of it."""
    PROBED = "probed"
    """It was a probe: timed once, wrong or right, to learn what a cost is worth; never kept."""
    SPLIT_FAILED = "split-failed"
    WRONG = "wrong"
    FAILED = "failed"
    UNUSED = "unused"
    REFUSED = "refused"
    GAVE_NOTHING = "gave-nothing"
    INFRASTRUCTURE = "infrastructure"


class Dropped(Fact, frozen=True, kw_only=True):
    """The worktree is back at best; nothing of the round is on the branch."""

    ending: Ending
    why: str

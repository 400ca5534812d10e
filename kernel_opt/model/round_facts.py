"""What happened within a round, from its opening to its end."""

from enum import Enum

from kernel_opt.model.edit import Edit
from kernel_opt.model.facts import Fact
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin, Usage


class RoundOpened(Fact, frozen=True, kw_only=True):
    """A round began."""

    round: int
    best: str
    seed: int


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


class Refused(Fact, frozen=True, kw_only=True):
    """The edit breaks a rule; no GPU second was spent on it."""

    rule: str
    why: str
    cheat: bool = False
    """Against the integrity of the benchmark, not a mere slip that may be sent back."""


class Formatted(Fact, frozen=True, kw_only=True):
    """The formatter ran over the candidate's files."""

    candidate: Candidate
    changed: bool


class FormatFailed(Fact, frozen=True, kw_only=True):
    """The formatter could not run; the candidate stays as it was."""

    why: str


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


class Ending(Enum):
    """How a round ended."""

    KEPT = "kept"
    TIE = "tie"
    UNCLEAR = "unclear"
    REGRESSION = "regression"
    DIVERGING = "diverging"
    FORMAT_LOST = "format-lost"
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

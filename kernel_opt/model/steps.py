"""What to do next, in the imperative."""

from dataclasses import dataclass
from typing import Literal

from kernel_opt.model.facts import Purpose
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Wait:
    """Rest until a moment, then look again."""

    until_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Paused by a person: rest until told to go on."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Run the fixed benchmark once on a commit."""

    commit: str
    log_name: str
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """Time best and candidate next to each other."""

    best: str
    candidate: str
    purpose: Purpose
    targets: tuple[str, ...] = ()
    is_confirmation: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """Weigh the evidence."""

    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Profile:
    """Trace a commit for its hotspots."""

    commit: str


@dataclass(frozen=True, slots=True)
class OpenRound:
    """Begin a round."""

    round: int


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask for one hypothesis and one edit."""

    sent_back: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """See whether the edit is allowed, and write it down as a commit."""


@dataclass(frozen=True, slots=True)
class Amend:
    """Ask the proposer to change its own candidate: quick fix, repair or split."""

    origin: Origin
    hypothesis: Hypothesis
    candidate: Candidate
    why: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Ask the coding agent why its candidate works: the commit says it."""

    hypothesis: Hypothesis
    candidate: Candidate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Format:
    """Format the candidate's files."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Recheck:
    """Look from cold whether a would-be keep is what it seems: other data, other names, no help from before."""

    candidate: Candidate
    verdict: Verdict
    number: int
    """1 for the first time; large gains and suspicious code stand it twice."""


@dataclass(frozen=True, slots=True)
class Rebase:
    """Put what the round has changed so far on the best of now, since another round became best meanwhile."""

    onto: str
    tree: str = ""
    """What stands there now, as a commit or tree; empty: nothing is drafted yet."""


Publication = Literal["baseline", "keep", "rollback", "stop"]
"""What a commit on the run's branch is for."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Write the commit that will be published, with its report."""

    purpose: Publication
    tree_of: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """Move the branch to the sealed commit."""

    purpose: Publication
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Put the worktree back to best and write down what was learned."""

    ending: Ending
    why: str


@dataclass(frozen=True, slots=True)
class PlanStop:
    """Say that and why the run ends."""

    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run without a published summary: the machine no longer lets us write one."""

    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing is left to do: the run is stopped."""

    reason: str


Step = (
    Wait
    | Rest
    | Bench
    | Measure
    | Judge
    | Profile
    | OpenRound
    | Propose
    | Check
    | Amend
    | Explain
    | Format
    | Recheck
    | Rebase
    | Seal
    | Publish
    | Drop
    | Finish
    | PlanStop
    | Close
)

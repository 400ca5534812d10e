"""What passes between the daemon and a proposer."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.sandbox import Sandbox


class Task(Enum):
    """What the proposer is asked for."""

    PROPOSE = "propose"
    QUICK_FIX = "quick-fix"
    LOOK_AGAIN = "look-again"
    REPAIR = "repair"
    SPLIT = "split"
    COMMIT_MESSAGE = "commit-message"


class Request(Struct, frozen=True, kw_only=True):
    """One call of a proposer."""

    task: Task
    round: int
    brief: str
    """The brief, as Markdown."""
    worktree: str
    """The tree it edits."""
    folder: str
    """Where it leaves its proposal and where its transcript goes."""
    home: str = ""
    """A folder of the run's own for what a proposer keeps between the calls of one round."""
    left_usd: float | None = None
    """What the round may still cost; None: no bound."""
    sandbox: Sandbox | None = None
    """The walls around a proposer that is a program; None: it may what we may."""
    skills: str = ""
    """A folder with skills in ``skills/``, laid out as a plugin; empty: there are none."""
    facts: dict[str, object] = {}
    """The brief's facts as plain data, for proposers that are programs."""


class Reply(Enum):
    """How a call ended."""

    OK = "ok"
    NOTHING = "nothing"
    DRY = "dry"
    """No idea is left; another proposer may have some."""
    AWAY = "away"
    """Not reachable or over its limit: wait, no round is used up."""
    BARRED = "barred"
    """No wait will mend it: a wrong key, a program that is not there."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came back; the edit is what the worktree says."""

    reply: Reply
    hypothesis: Hypothesis | None = None
    detail: str = ""
    text: str = ""
    """Its last message, where the task asks for words and not for an edit."""
    usage: Usage = Usage()
    retry_after_s: float | None = None

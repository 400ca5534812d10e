"""Who is told when something happens that a person would want to know at night."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.amounts import Amount, AtLeastOne


class NewsKind(Enum):
    """What there is to tell."""

    KEEP = "keep"
    STOP = "stop"
    TROUBLE = "trouble"


class NotifySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a person is told, and how often at most."""

    on: tuple[NewsKind, ...] = (NewsKind.KEEP, NewsKind.STOP, NewsKind.TROUBLE)
    """What is told: "keep", "stop", "trouble"."""
    command: tuple[str, ...] = ()
    """argv that gets the news as JSON on standard input and in KERNEL_OPT_* variables; empty: none."""
    webhook: str = ""
    """Where ``{"text": ...}`` is posted: "env:NAME" or "file:/path", never the address itself, which is a secret."""
    timeout_s: Amount = 20.0
    """Seconds the command, or one try of the webhook, may take; chat servers answer within one."""
    per_hour: AtLeastOne = 12
    """Most messages in an hour but for the end of the run; what is left out is counted in the next one."""
    repeat_s: Amount = 3600.0
    """Seconds before the same kind of trouble is told again: a busy machine is news once an hour at most."""


class News(Struct, frozen=True, kw_only=True):
    """One thing to tell: what a command gets as JSON."""

    schema: int = 1
    kind: NewsKind
    about: str
    """``kept``, ``stopped``, ``refused``, ``gpu``, ``proposer``, ``disk``, ``restarted``, ``rolled-back``, ``test``."""
    text: str
    """One sentence for a person."""
    tag: str
    repository: str
    seq: int
    """The fact's place in the journal: told at most once."""
    round: int
    at_s: float


class Told(Struct, frozen=True, kw_only=True):
    """What was told or left out before."""

    kind: NewsKind
    about: str
    at_s: float
    is_left_out: bool = False


class Errand(Struct, frozen=True, kw_only=True):
    """What the messenger is given: the news, and the ways that are set up."""

    news: News
    left_out: int = 0
    """How many were left out since the last one that was sent."""
    command: tuple[str, ...] = ()
    webhook: str = ""
    timeout_s: float = 20.0

"""What the events of a call say: how it ended, whatever its exit code and its own word for it."""

import re
from dataclasses import dataclass, field
from enum import Enum

from kernel_opt.model.hypothesis import Usage


class CallEnd(Enum):
    """How a call of a coding agent ended."""

    OK = "ok"
    AUTH = "auth"
    """It may not be used like this: no wait mends a wrong key, an empty account, a model that is not there."""
    TRANSIENT = "transient"
    """Rate limit, outage, no network: later it may work."""
    LIMIT = "limit"
    """It used up its turns, its money or its time."""
    NOTHING = "nothing"
    """It ended without anything of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A call as its events tell it."""

    end: CallEnd
    detail: str = ""
    answer: bytes = b""
    """The final word: a proposal, one hopes."""
    usage: Usage = field(default_factory=Usage)
    session: str = ""
    """By what name the agent would go on with this conversation; empty: it cannot."""
    is_total: bool = False
    """The usage is that of the whole conversation, earlier calls included."""
    retry_after_s: float | None = None
    """How long the server asks to be left alone, where the events tell it as a number."""
    resets_at_s: float | None = None
    """The same as a time, in seconds since 1970."""
    has_begun: bool = False
    """The model was reached: a conversation that could not be continued has not."""
    is_mute: bool = False
    """Nothing was said of an outage: that it waited for its model is known by its silence alone."""


REFUSED_STATUSES = frozenset({401, 402, 403, 404})
"""Key unknown, nothing paid, not allowed, no such model."""
TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
_AUTH_WORDS = re.compile(
    r"not logged in|please run /login|(invalid|incorrect|wrong|unknown) (x-)?api.?key|missing environment variable"
    r"|authentication|unauthorized"
    r"|credit balance|insufficient_quota|permission_error|api key not valid|not_found_error",
    re.IGNORECASE,
)
_TRANSIENT_WORDS = re.compile(
    r"rate.?limit|overloaded|high demand|too many requests|usage limit|retry limit|timed? ?out|reconnect|connection"
    r"|network|unavailable|internal server error|stream (closed|disconnected|error)|api_error|server_error|ECONN",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\b(?:status|error|code)\D{0,12}\b([45]\d\d)\b", re.IGNORECASE)


def classify_status(status: int | None) -> CallEnd:
    """Say what an HTTP status means; None: the server was not reached."""
    if status is None or status in TRANSIENT_STATUSES or status >= 500:
        return CallEnd.TRANSIENT
    return CallEnd.AUTH if status in REFUSED_STATUSES else CallEnd.NOTHING


def classify_words(text: str) -> CallEnd | None:
    """Say what an error message means, None when it has no word that we know."""
    found = _STATUS.search(text)
    if found:
        return classify_status(int(found[1]))
    if _AUTH_WORDS.search(text):
        return CallEnd.AUTH
    return CallEnd.TRANSIENT if _TRANSIENT_WORDS.search(text) else None

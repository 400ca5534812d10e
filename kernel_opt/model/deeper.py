"""What a proposer has asked the tracer for, beyond what every trace of best tells."""

from msgspec import Struct


class Deeper(Struct, frozen=True, kw_only=True):
    """A wish for counters, and what came of the last one."""

    asked: int = 0
    """The round that asked; 0: none does."""
    taken: int = 0
    """The newest round when the last one was fulfilled, or could not be."""
    came: str = ""
    """In words, for the briefs that follow."""

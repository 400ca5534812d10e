"""What calls of coding agents have cost so far."""

from msgspec import Struct


class Spent(Struct, frozen=True, kw_only=True):
    """Money and tokens of a stretch of the run; its number is that of the day (UTC, since 1970) where it is one."""

    number: int = 0
    usd: float = 0.0
    tokens: int = 0


class AgentTally(Struct, frozen=True, kw_only=True):
    """One agent with one model: what it was asked, what it won, what it cost."""

    agent: str
    model: str = ""
    calls: int = 0
    rounds: int = 0
    """Ended rounds whose claim was its own."""
    keeps: int = 0
    cost_usd: float | None = None
    """None: it never told."""
    tokens: int = 0
    wall_s: float = 0.0

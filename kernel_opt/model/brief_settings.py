"""What the proposer is told."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Tokens = Annotated[int, Meta(ge=5_000)]
"""Below some five thousand not even the rules, the hottest places and the classes fit."""

Hint = Literal[
    "stalls", "batching", "caching", "precomputing", "deferring", "relaxation", "contextualisation", "hardware",
    "layering",
]  # fmt: skip


class BriefSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the brief."""

    evidence: bool = True
    """Tell what the trace of best shows. Off only to find out, by `kernel-opt study`, whether that helps a proposer."""
    tokens: Tokens = 12_000
    """Tokens it may have, estimated from above; what is oldest and coldest goes first. More is read less well."""
    hints: tuple[Hint, ...] = ("stalls",)
    """Playbooks of thought to put in: "stalls" is what has helped against the hottest kinds of stall; "batching",
    "caching", "precomputing", "deferring", "relaxation", "contextualisation", "hardware" and "layering" are ways to
    look for ideas."""

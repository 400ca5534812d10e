"""What a round is asked to look for: to go on from best, or somewhere else."""

from enum import Enum

from msgspec import Struct


class Aim(Enum):
    """Where the next hypothesis is to come from."""

    EXPLOIT = "exploit"
    """Whatever promises most on top of best."""
    OTHER_BOTTLENECK = "other-bottleneck"
    OTHER_CLASS = "other-class"
    COMBINE = "combine"
    """Two or more near misses in one edit."""
    RADICAL = "radical"
    """Another algorithm, layout or decomposition."""
    PROBE = "probe"
    """What would removing a cost bring? The numbers may be wrong; it is never kept."""


class Ask(Struct, frozen=True, kw_only=True):
    """What a round is asked for; the proposer is told, and the round's record says so."""

    aim: Aim
    avoid: tuple[str, ...] = ()
    """Ids of bottlenecks that the last tries were about."""
    towards: tuple[str, ...] = ()
    """Keys of config classes that no recent try was about."""
    combine: tuple[int, ...] = ()
    """Rounds whose near misses may go together."""
    dry: int = 0
    """Tries since the last keep."""

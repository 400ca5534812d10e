"""What became of a prediction."""

from enum import Enum


class Finding(Enum):
    """What became of a prediction."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"

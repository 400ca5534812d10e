"""Seeded chance for the search: the same seed and the same past throw the same dice on every machine."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: consecutive states lie as far apart as can be (splitmix64)


class Dice:
    """A splitmix64 generator: three lines of arithmetic, and far better than the search needs."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def throw(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + _STEP) & _MASK
        bits = self._state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
        return bits ^ (bits >> 31)

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to ``bound`` - 1; for small bounds its bias is beyond notice."""
        return self.throw() % bound

    def pick(self, things: Sequence[T]) -> T:
        """Return one of some things."""
        return things[self.below(len(things))]

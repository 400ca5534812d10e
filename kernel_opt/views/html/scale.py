"""Axes of the page's pictures: where a value lies, and which values get a label."""

import math
from typing import NamedTuple

_STEPS = (1.0, 2.0, 5.0, 10.0)


class Scale(NamedTuple):
    """A stretch of values laid on a stretch of pixels."""

    low: float
    high: float
    begin_px: float
    end_px: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; what lies outside is put on the edge."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.begin_px + share * (self.end_px - self.begin_px), 1)

    def holds(self, value: float) -> bool:
        """Say whether a value lies within."""
        return self.low <= value <= self.high

    def ticks(self, most: int, least_step: float = 0.0) -> list[float]:
        """Return round values within, evenly spaced, about ``most`` of them and never more."""
        span = max((self.high - self.low) / max(most, 1), least_step)
        if span <= 0 or not math.isfinite(span):
            return []
        decade = 10.0 ** math.floor(math.log10(span))
        step = next(one * decade for one in _STEPS if one * decade >= span * (1 - 1e-9))
        numbers = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return [round(number * step, 10) + 0.0 for number in numbers]

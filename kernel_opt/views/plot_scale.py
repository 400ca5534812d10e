"""Where a value stands in a picture: axes with round ticks, and numbers written the same way every time."""

import math
from typing import NamedTuple

_TICKS = 5  # about as many as an axis of this height bears


class Scale(NamedTuple):
    """Values from ``low`` to ``high`` along ``start`` to ``end`` in pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; what lies beyond the ends stands at the end."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


def pixel(value: float) -> str:
    """Write a coordinate to a tenth of a pixel: the same journal gives the same bytes on every machine."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers that part an axis: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return tuple(round(number * step, 9) + 0.0 for number in range(first, math.floor(high / step + 1e-9) + 1))

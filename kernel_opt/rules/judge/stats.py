"""Small robust statistics on natural logarithms of times: plain floats in, plain floats out."""

import math
from collections.abc import Sequence

T4_TO_SD = 1.098  # Robust standard deviation of a t with 4 degrees of freedom over its scale.
T4_STEPS = 8  # Each step halves the distance to the most likely scale and more.
MAD_TO_SD = 1.4826  # A normal's standard deviation over its median absolute deviation.


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean; of logarithms it is the log of the geometric mean."""
    return values[0] if len(values) == 1 else math.fsum(values) / len(values)


def mean_log(times_us: Sequence[float]) -> float | None:
    """Return the mean of ln(us), or None when any time is not a positive number."""
    if not times_us or not all(0 < us < math.inf for us in times_us):
        return None
    return mean([math.log(us) for us in times_us])


def robust_sd(deviations: Sequence[float]) -> float:
    """Return the standard deviation of values centred on 0, untouched by a few wild ones."""
    return MAD_TO_SD * median([abs(value) for value in deviations])


def t4_sd(deviations: Sequence[float]) -> float:
    """Return the robust standard deviation by the most likely scale of a t with 4 degrees of freedom around 0.

    It needs a third of the values that a median absolute deviation needs for the same certainty.
    """
    squares = [value * value for value in deviations]
    scale = median(squares)
    for _ in range(T4_STEPS):
        if scale == 0:
            return 0.0
        scale = 5 * math.fsum([square / (4 + square / scale) for square in squares]) / len(squares)
    return T4_TO_SD * math.sqrt(scale)


def clip(values: Sequence[float], centre: float, reach: float) -> list[float]:
    """Return the values pulled in to at most ``reach`` from ``centre``."""
    return [min(max(value, centre - reach), centre + reach) for value in values]


def log_sum_exp(values: Sequence[float]) -> float:
    """Return ln of the sum of exponentials without overflow."""
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


def t_quantile_975(freedom: float) -> float:
    """Return the 97.5 % point of Student's t (error below 0.2 % from 8 degrees of freedom up)."""
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def shrink(estimate: float, error: float) -> float:
    """Pull an estimate that was chosen for being large towards 0 by its own standard error."""
    if estimate == 0:
        return 0.0
    return estimate * max(0.0, 1 - 2 * error**2 / estimate**2)


def ratio_of(log_gain: float) -> float:
    """Turn ln(best) - ln(candidate) into candidate over best."""
    return math.exp(-log_gain)


def pct_of(log_gain: float) -> float:
    """Turn ln(best) - ln(candidate) into percent of time saved."""
    return 100 * (1 - ratio_of(log_gain))

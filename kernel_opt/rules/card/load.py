"""What the looks at a card say of a run as a whole: clocks under load, heat, throttling."""

from collections.abc import Sequence
from statistics import median

from kernel_opt.model.reading import Reading, UnderLoad

_LOADED_PCT = 50.0
"""Percent. Below this the card rests between launches, and its clock sleeps with it."""
_MIN_LOOKS = 2
"""One look at a momentary clock proves nothing."""


def sum_up_looks(looks: Sequence[Reading]) -> UnderLoad | None:
    """Sum up the looks taken while a child ran; None without any."""
    if not looks:
        return None
    loaded = [look for look in looks if look.use_pct is not None and look.use_pct >= _LOADED_PCT]
    clocks = [look.sclk_mhz for look in loaded if look.sclk_mhz]
    heat = [look.temperature_c for look in looks if look.temperature_c is not None]
    told = [look.throttled for look in looks if look.throttled is not None]
    is_enough = len(clocks) >= _MIN_LOOKS
    return UnderLoad(
        looks=len(looks),
        busiest=max(looks, key=lambda look: -1.0 if look.use_pct is None else look.use_pct),
        clock_mhz=median(clocks) if is_enough else None,
        lowest_mhz=min(clocks) if is_enough else None,
        highest_mhz=max(clocks) if is_enough else None,
        hottest_c=max(heat, default=None),
        throttled=any(told) if told else None,
    )

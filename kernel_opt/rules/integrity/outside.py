"""What a clock outside the process says: code under test can forge every instrument inside, but not the time of day."""

from collections.abc import Mapping

from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed

NAME = "outside-clock"
EXTRA_S = 1.5
"""What best's further calls are to last together: long enough to be seen beside what a program's start varies by."""
MOST_CALLS = 5000
TOLD_S = 0.4
"""Seconds that a gain must come to: starts of a program that compiles differ by a fifth of a second."""
SEEN = 0.6
"""Part of the gain that must be seen from outside; the rest is what neighbours and a program's start may take."""


def calls_wanted(known: Mapping[str, float]) -> int:
    """Return how many calls of each row take long enough with best, by its GPU times."""
    call_s = sum(known.values()) / 1e6
    return max(1, min(MOST_CALLS, round(EXTRA_S / call_s))) if call_s > 0 else 1


def check_outside(
    usual: Mapping[str, float], known: Mapping[str, float], few_s: tuple[float, float], many_s: tuple[float, float]
) -> IntegrityCheck:
    """Compare what a candidate claims to save with what a run of many calls is shorter by, runs of few subtracted.

    ``usual`` and ``known`` are GPU times of candidate and best by row; the seconds are best's and the candidate's.
    """
    calls = calls_wanted(known)
    claimed_s = calls * sum(known[key] - usual[key] for key in usual.keys() & known.keys()) / 1e6
    if claimed_s < TOLD_S:
        return not_checked(NAME, f"{calls} calls of each row would be {claimed_s:.2g} s shorter: too little to tell")
    seen_s = (many_s[0] - few_s[0]) - (many_s[1] - few_s[1])
    told = (
        f"{calls} calls of each row are {seen_s:.2g} s shorter by the clock on the wall, by the trace {claimed_s:.2g} s"
    )
    return failed(NAME, told) if seen_s < SEEN * claimed_s else passed(NAME, told)

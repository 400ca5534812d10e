"""Which run comes next, and which must be run again."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain

from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Arm, TimedRun
from kernel_opt.rules.judge.bank import CardBank
from kernel_opt.rules.judge.case import Case
from kernel_opt.rules.judge.stats import mean, median
from kernel_opt.rules.judge.times import Logs, Times

# The candidate first: against the bank its first run alone may show that it is worth no second one.
_OPENING = (Arm.CANDIDATE, Arm.CANDIDATE, Arm.BEST, Arm.BEST)
# A gain is measured a second time from the other side: what is quicker at the beginning of a session, such as a cold
# card, cannot be taken for a gain by both.
_CONFIRMING = (Arm.BEST, Arm.BEST, Arm.CANDIDATE, Arm.CANDIDATE)
# Then mirrored blocks, so that a steady drift falls on both builds alike.
_BLOCK = (Arm.CANDIDATE, Arm.BEST, Arm.BEST, Arm.CANDIDATE)
_SLOW = 0.025  # ln; a run this far behind its like had company, beyond what these kernels vary by.
_SLOW_FIRST = 0.035  # Against the bank, which is from another session.
_SLOW_SDS = 4.0  # Noisy classes would else be measured again and again.


def next_arm(case: Case, reason: str) -> RunArm:
    """Return the next run of the plan."""
    done = len(case.target.best) + len(case.target.candidate)
    first, *later = [run.arm for _, run in case.times.slots[:2]] or [Arm.CANDIDATE]
    opening = _OPENING if first is Arm.CANDIDATE else _CONFIRMING
    if later and later[0] is not first:  # best was asked for at once, to see a loss beside it
        opening = ()
    arm = opening[done] if done < len(opening) else _BLOCK[(done - len(opening)) % len(_BLOCK)]
    return RunArm(arm=arm, reason=reason)


def find_redo(times: Times, known: CardBank, limits: JudgeLimits) -> Redo | None:
    """Return the first run that must be measured again, and may be."""
    doubts = chain(_disturbed(times.slots), _unlike_readings(times, limits), _too_slow(times, known))
    for index, why in doubts:
        if times.measurement.redos_of(index) < limits.max_redos:
            return Redo(index=index, why=why)
    return None


def _disturbed(counted: Sequence[tuple[int, TimedRun]]) -> Iterator[tuple[int, str]]:
    for index, run in counted:
        if run.disturbed is not None:
            yield index, run.disturbed


def _unlike_readings(times: Times, limits: JudgeLimits) -> Iterator[tuple[int, str]]:
    """Find pairs under unlike conditions.

    A hungry kernel runs at a lower clock by its own doing: clocks that stay apart when both halves were run again are
    how these two builds are, and later pairs with the same clocks are in no doubt.
    """
    counted = times.slots
    best = [(index, run) for index, run in counted if run.arm is Arm.BEST]
    candidate = [(index, run) for index, run in counted if run.arm is Arm.CANDIDATE]
    # Replaced runs tell what is usual as well, else two halves stay equally odd for ever.
    clocks = [run.clock_mhz for run in times.measurement.runs if run.clock_mhz is not None]
    settled: list[tuple[TimedRun, TimedRun]] = []
    for left, right in zip(best, candidate, strict=False):
        pair = left[1], right[1]
        why = _difference(*pair, limits)
        if why is None and (why := _find_unlike_clocks(*pair, limits)) is not None:
            if any(_are_alike(pair[0], one, limits) and _are_alike(pair[1], other, limits) for one, other in settled):
                continue
            if sum(times.measurement.redos_of(index) for index, _ in (left, right)) >= limits.max_redos:
                settled.append(pair)
                continue
        if why is not None:
            yield _odd_one(left, right, clocks), why


def _difference(left: TimedRun, right: TimedRun, limits: JudgeLimits) -> str | None:
    if left.power_cap_w is not None and right.power_cap_w is not None and left.power_cap_w != right.power_cap_w:
        return f"the power cap changed within a pair ({left.power_cap_w:g} W, {right.power_cap_w:g} W)"
    are_clocks_known = left.clock_mhz and right.clock_mhz
    if not are_clocks_known and {left.throttled, right.throttled} == {True, False}:
        return "the card was throttled in one half of a pair"
    warmth = (left.temperature_c, right.temperature_c)
    if warmth[0] is not None and warmth[1] is not None and abs(warmth[0] - warmth[1]) > limits.temperature_change_c:
        return f"the temperature changed within a pair ({warmth[0]:g} C, {warmth[1]:g} C)"
    return None


def _find_unlike_clocks(left: TimedRun, right: TimedRun, limits: JudgeLimits) -> str | None:
    if _are_alike(left, right, limits) or _have_met(left, right):
        return None
    return f"the clock changed within a pair ({left.clock_mhz:g} MHz, {right.clock_mhz:g} MHz)"


def _are_alike(left: TimedRun, right: TimedRun, limits: JudgeLimits) -> bool:
    """Tell whether two runs had the same clock, as far as is known."""
    if not left.clock_mhz or not right.clock_mhz:
        return True
    return abs(left.clock_mhz / right.clock_mhz - 1) * 100 <= limits.clock_change_pct


def _have_met(left: TimedRun, right: TimedRun) -> bool:
    """Tell whether the clocks of two runs moved over the same range: then their middles differ by chance."""
    one, other = left.clock_range_mhz, right.clock_range_mhz
    return one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]


def _odd_one(left: tuple[int, TimedRun], right: tuple[int, TimedRun], clocks: Sequence[float]) -> int:
    """Choose the half that alone was throttled, or whose clock is further from the usual one; else the later half."""
    throttled = [index for index, run in (left, right) if run.throttled]
    if len(throttled) == 1:
        return throttled[0]
    if left[1].clock_mhz is not None and right[1].clock_mhz is not None:
        usual = median(clocks)
        distances = abs(left[1].clock_mhz - usual), abs(right[1].clock_mhz - usual)
        if distances[0] != distances[1]:
            return left[0] if distances[0] > distances[1] else right[0]
    return max(left[0], right[0])


def _too_slow(times: Times, known: CardBank) -> Iterator[tuple[int, str]]:
    """Look for runs that are slow in most classes at once, which is the mark of a neighbour."""
    logs = times.by_class(times.class_metric)
    rows = [(index, run.arm, one) for (index, run), one in zip(times.slots, logs, strict=True)]
    for arm in Arm:
        of_arm = [(index, one) for index, which, one in rows if which is arm]
        quickest = min((one for _, one in of_arm), key=_level, default=None)
        for index, one in of_arm:
            behind = _lag(one, quickest or one)
            if behind > _SLOW and behind > _usual_lag(times, known):
                yield index, f"{100 * behind:.1f} % slower than the best run of the same build"
    first = next(((index, one) for index, which, one in rows if which is Arm.BEST), None)
    if first is not None:
        anchor: Logs = {key: known.level(times.measurement.best, times.class_metric, [key]) for key in times.keys}
        behind = _lag(first[1], anchor)
        if behind > _SLOW_FIRST and behind > _usual_lag(times, known):
            yield first[0], f"{100 * behind:.1f} % slower than best has been on this card"


def _usual_lag(times: Times, known: CardBank) -> float:
    """Return how far the median over the classes may lag by noise alone."""
    return (
        _SLOW_SDS
        * median(list(known.class_sds(times.class_metric, times.keys).values()))
        / math.sqrt(2 * len(times.keys))
    )


def _level(logs: Logs) -> float:
    return mean([value for value in logs.values() if value is not None] or [math.inf])


def _lag(logs: Logs, other: Logs) -> float:
    """Return the median over the classes of how far one run is behind another."""
    gaps = [mine - theirs for key, mine in logs.items() if mine is not None and (theirs := other[key]) is not None]
    return median(gaps) if gaps else 0.0

"""Whether candidate and best, timed next to each other, differ where no edit can make them differ."""

import math
from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.model.recording import Recording
from kernel_opt.rules.trace.attribution import Attribution

CONCENTRATED = 0.5
"""Part of the target's time in one launch a row: of thirteen equal calls it is a thirteenth."""
CONCENTRATED_TIMES = 2.0
"""Times best's own part: one large row among small ones holds much of the time, but for both builds."""


class Seen(Struct, frozen=True, kw_only=True):
    """What one arm showed over a whole measurement."""

    script_us: Mapping[str, float]
    """The last run's, by config."""
    control_us: tuple[float | None, ...] = ()
    """One for each run."""
    recording: Recording | None = None
    """The last run's."""
    attribution: Attribution | None = None
    targets: tuple[str, ...] = ()


def check_control(best: Seen, candidate: Seen, band_pct: float) -> IntegrityCheck:
    """Compare the control beside the candidate with the same beside best: apart only when no two runs come near."""
    name = "control-channel"
    before = [us for us in best.control_us if us is not None]
    now = [us for us in candidate.control_us if us is not None]
    if not before or not now:
        return not_checked(name, "there is no control column, or not beside both")
    lone = min(len(before), len(now)) == 1  # one run alone may be anybody's doing
    band = (1 + band_pct / 100) ** (2 if lone else 1)
    low, high = min(now) / max(before), max(now) / min(before)
    told = f"{low:.3g} to {high:.3g} times as long as beside best"
    if low > band or high < 1 / band:
        return failed(name, f"the untouched control takes {told}")
    return passed(name, told)


def check_ids(best: Seen, candidate: Seen) -> IntegrityCheck:
    """See whether dispatches were taken out of the trace, or stand in it twice."""
    name = "dispatch-ids"
    before, now = _find_gap(best.recording), _find_gap(candidate.recording)
    if before is None or now is None:
        return not_checked(name, "the trace does not number all dispatches")
    if before:
        return not_checked(name, f"best's own are not in a row: {before}")
    return failed(name, now) if now else passed(name)


def _find_gap(recording: Recording | None) -> str | None:
    """Return the first gap in words, empty when there is none; None when that cannot be told."""
    if recording is None or recording.dispatches_left_out or not recording.dispatches:
        return None
    ids = [record.dispatch_id for record in recording.dispatches]
    known = sorted(one for one in ids if one is not None)
    if len(known) < len(ids):
        return None
    return next((f"dispatch {now} follows {before}" for before, now in pairwise(known) if now != before + 1), "")


def check_concentration(best: Seen, candidate: Seen, rows: int) -> IntegrityCheck:
    """Where calls could not be told apart: see whether one launch a row does the work of all."""
    name = "spread-of-work"
    if candidate.attribution is not None and candidate.attribution.is_certain:
        return passed(name, "every row is equal calls")
    if best.attribution is None or not best.attribution.is_certain:
        return not_checked(name, "the trace does not tell best's calls apart either")
    usual, found = _top_share(best, rows), _top_share(candidate, rows)
    if usual is None or found is None:
        return not_checked(name, "the trace lists no single dispatches")
    told = f"{100 * found:.0f} % of the kernel's time is in {rows} launches, with best {100 * usual:.0f} %"
    if found >= CONCENTRATED and found >= CONCENTRATED_TIMES * usual:
        return failed(name, f"its calls are not alike: {told}")
    return passed(name, told)


def _top_share(seen: Seen, rows: int) -> float | None:
    recording = seen.recording
    if recording is None or not recording.dispatches:
        return None
    names = frozenset(seen.targets)
    times = [one.duration_ns for one in recording.dispatches if recording.launches[one.launch].kernel in names]
    whole = sum(times)
    return sum(sorted(times)[-rows:]) / whole if whole else None


def check_plain(
    best: tuple[Mapping[str, float], Seen], candidate: tuple[Mapping[str, float], Seen], band_pct: float
) -> IntegrityCheck:
    """Compare script times without and with the tracer, candidate against best: who looks for a tracer shows here."""
    name = "plain-against-traced"
    usual, found = _plain_ratio(*best), _plain_ratio(*candidate)
    if usual is None or found is None:
        return not_checked(name, "not run both with and without the tracer")
    told = f"without the tracer {found:.3g} of the time with it, best {usual:.3g}"
    # A tracer costs every call about the same: of a short call that is a large part, and no cheat.
    extra_us = {key: max(0.0, best[1].script_us.get(key, us) - us) for key, us in best[0].items()}
    cleared = _plain_ratio(*candidate, extra_us) or found
    room = 1 + 2 * band_pct / 100  # two sessions: twice the room
    if not any(1 / room <= ratio <= room for ratio in (found / usual, cleared)):
        return failed(name, told)
    return passed(name, told)


def _plain_ratio(
    plain_us: Mapping[str, float], traced: Seen, extra_us: Mapping[str, float] | None = None
) -> float | None:
    """Return how many times as long runs are without the tracer, whose cost of a call may be known."""
    logs = [
        math.log(us / max(traced.script_us[key] - (extra_us or {}).get(key, 0.0), 1e-3))
        for key, us in plain_us.items()
        if traced.script_us.get(key)
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None

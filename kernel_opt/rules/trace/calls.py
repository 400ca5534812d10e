"""Whether every call of the benchmark did its work: the trace is the second instrument, which the script cannot forge.

A kernel that remembers its answer, or answers from another stream, looks fast to the script alone. The trace shows how
many launches there were, how long each took, and when.
"""

from collections.abc import Mapping, Sequence
from statistics import median

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.recording import Recording
from kernel_opt.model.trace import Trace
from kernel_opt.rules.integrity.edits import Refusal
from kernel_opt.rules.trace.attribution import Attribution, CallCounts, RowGpuTime
from kernel_opt.rules.trace.call_counts import count_launches, find_count_trouble, least_launches

UNEVEN = 4.0
"""Warm-up call over the timed ones: cold caches and clocks make it up to twice as long on recorded cards."""
UNEVEN_ALONE = 20.0
"""The same for the first call when best was not seen yet: of a kernel of 5 us the cold start alone may take 50 us."""
SKIPPED = 2.5
"""Between timed calls of one row: caches are warm by then, and so are clocks. A hiccup is one call, not two."""
TOO_GOOD = 0.5
"""Timed call over best's: who remembers an answer gains more; a slow first call without that is tuning or compiling."""
SCRIPT_FLOOR = 0.97
"""Script time over GPU time of the same calls: no call ends before its kernels, but two clocks differ a little."""
TIMER_US = 1.0
"""What event timers resolve: of a kernel that short the script's figure says little."""


def find_call_cheats(
    recording: Recording,
    targets: Sequence[str],
    rows: Sequence[ConfigRow],
    found: Attribution,
    best: Attribution | None,
    counts: CallCounts | None,
    baseline: Trace | None = None,
    best_us: Mapping[str, float] | None = None,
) -> tuple[Refusal, ...]:
    """Return what shows that calls were skipped, remembered or timed wrongly; ``best`` shows what is usual here.

    ``counts`` are the settings', which ``baseline`` may contradict; ``best_us`` are best's times by the script.
    """
    finds = (
        _find_skipped(recording, targets, len(rows), counts, baseline),
        _find_uneven(found, best) or _find_uneven_timed(found, best.rows if best else ()),
        _find_early_end(found, best, {row.key: row.us for row in rows}, best_us or {}),
    )
    return tuple(refusal for refusal in finds if refusal is not None)


def _find_skipped(
    recording: Recording, targets: Sequence[str], rows: int, counts: CallCounts | None, baseline: Trace | None
) -> Refusal | None:
    wanted = least_launches(counts, baseline, rows)
    if counts is None or wanted is None:
        return None
    names = frozenset(targets)
    launches = sum(launch.calls for launch in recording.launches if launch.kernel in names)
    if launches >= wanted:
        return None
    shown = f"{rows} rows, {counts.warmup} warm-up and {counts.timed} timed calls each by the settings"
    if find_count_trouble(counts, baseline, rows):
        shown = f"as the baseline does, whose {count_launches(baseline)} launches are fewer than the settings tell"
    why = f"the benchmark calls the kernel {wanted} times ({shown}), the trace shows {launches} launches of it"
    return Refusal(rule="skipped-calls", why=why, cheat=True)


def _find_uneven(found: Attribution, best: Attribution | None) -> Refusal | None:
    usual = {row.config: row for row in best.rows} if best else {}
    for row in found.rows:
        which = _find_uneven_call(row, usual.get(row.config))
        if which is not None:
            why = f"{which} of {row.config} takes {UNEVEN:.0f} times as long as the timed ones, or more"
            return Refusal(rule="uneven-calls", why=why, cheat=True)
    return None


def _find_uneven_timed(found: Attribution, usual: Sequence[RowGpuTime]) -> Refusal | None:
    """See whether some timed calls do the work of the others: a hiccup of the card hits one row, not half of them."""
    odd = {row.config for row in found.rows if _is_uneven(row)} - {row.config for row in usual if _is_uneven(row)}
    if not odd or 2 * len(odd) < len(found.rows):
        return None
    row = next(row for row in found.rows if row.config in odd)
    shortest, typical, longest = min(row.samples_us), median(row.samples_us), max(row.samples_us)
    why = f"timed calls of {row.config} take from {shortest:.4g} to {longest:.4g} us, the middle one {typical:.4g} us"
    return Refusal(rule="uneven-calls", why=f"{why}; so in {len(odd)} of {len(found.rows)} rows", cheat=True)


def _is_uneven(row: RowGpuTime) -> bool:
    """Say whether one call is as long as all others, or some are clearly another kind than the middle one."""
    times = sorted(row.samples_us)
    if len(times) < 2:
        return False
    typical = median(times)
    return (
        _is_longer(times[-1], typical, UNEVEN_ALONE)
        or _is_longer(times[-2], typical, SKIPPED)
        or _is_longer(typical, times[0], SKIPPED)
    )


def _find_uneven_call(row: RowGpuTime, before: RowGpuTime | None) -> str | None:
    """Say which warm-up call did work that the timed ones do not.

    Compiling, tuning and cold caches lengthen the first call of honest code, also by launches of its own: the later
    warm-up calls tell more. A first call counts only when the timed ones are too good to be true.
    """
    if not row.warmup_us or not row.samples_us:
        return None
    typical_us = median(row.samples_us)
    if row.warmup_us[1:] and _is_longer(min(row.warmup_us[1:]), typical_us, UNEVEN * _usual(before, 1)):
        return "every warm-up call"
    if before is None:
        return "the first call" if _is_longer(row.warmup_us[0], typical_us, UNEVEN_ALONE) else None
    if typical_us > TOO_GOOD * before.us:
        return None
    return "the first call" if _is_longer(row.warmup_us[0], typical_us, UNEVEN * _usual(before, 0)) else None


def _is_longer(call_us: float, typical_us: float, times: float) -> bool:
    return call_us > 0 and call_us >= times * typical_us


def _usual(before: RowGpuTime | None, first: int) -> float:
    """Return how many times as long the same warm-up calls of best take; never less than once."""
    calls = before.warmup_us[first:] if before else ()
    typical_us = median(before.samples_us) if before and before.samples_us else 0.0
    if not calls or typical_us <= 0:
        return 1.0
    return max(1.0, (min(calls) if first else calls[0]) / typical_us)


def _find_early_end(
    found: Attribution, best: Attribution | None, script_us: Mapping[str, float], best_us: Mapping[str, float]
) -> Refusal | None:
    """Compare GPU time with script time; without best's own rows there is nothing to say what is usual here."""
    if best is None or not best.rows:
        return None
    usual = {row.config: _overlap(best_us.get(row.config), row) for row in best.rows}
    for row in found.rows:
        script, trace = script_us.get(row.config), _mean(row)
        if script is not None and script + TIMER_US < SCRIPT_FLOOR * usual.get(row.config, 1.0) * trace:
            why = f"{row.config} takes {script:.1f} us by the script and {trace:.1f} us by the trace"
            return Refusal(rule="script-below-trace", why=why, cheat=True)
    return None


def _mean(row: RowGpuTime) -> float:
    """Return the mean of the timed calls, as scripts tell it; a median would hide one long call among short ones."""
    return sum(row.samples_us) / len(row.samples_us) if row.samples_us else row.us


def _overlap(script_us: float | None, row: RowGpuTime) -> float:
    """Return best's own script time over its trace where kernels of one call run side by side; else 1."""
    trace = _mean(row)
    return 1.0 if script_us is None or trace <= 0 else min(1.0, script_us / trace)

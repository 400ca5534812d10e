"""Whether every call of the benchmark did its work: the trace is the second instrument, which the script cannot forge.

A kernel that remembers its answer, or answers from another stream, looks fast to the script alone. The trace shows how
many launches there were, how long each took, and when.
"""

from collections.abc import Sequence
from statistics import median

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.recording import Recording
from kernel_opt.rules.attribution import Attribution, CallCounts, RowGpuTime
from kernel_opt.rules.integrity import Refusal

UNEVEN = 4.0
"""First call over the timed ones: cold caches and clocks make it up to twice as long on recorded cards."""
SCRIPT_FLOOR = 0.8
"""Script time over GPU time of the same call: a call cannot end before its kernels; the rest is timer resolution."""


def find_call_cheat(
    recording: Recording,
    targets: Sequence[str],
    rows: Sequence[ConfigRow],
    found: Attribution,
    best: Attribution | None,
    counts: CallCounts | None,
) -> Refusal | None:
    """Return what shows that calls were skipped, remembered or timed wrongly; ``best`` shows what is usual here."""
    return (
        _find_skipped(recording, targets, len(rows), counts)
        or _find_uneven(found, best)
        or _find_early_end(found, best, {row.key: row.us for row in rows})
    )


def _find_skipped(recording: Recording, targets: Sequence[str], rows: int, counts: CallCounts | None) -> Refusal | None:
    if counts is None:
        return None
    wanted = rows * (counts.warmup + counts.timed)
    names = frozenset(targets)
    launches = sum(launch.calls for launch in recording.launches if launch.kernel in names)
    if launches >= wanted:
        return None
    why = f"the benchmark called the kernel {wanted} times, the trace shows {launches} launches of it"
    return Refusal(rule="skipped-calls", why=why, cheat=True)


def _find_uneven(found: Attribution, best: Attribution | None) -> Refusal | None:
    usual = {row.config: _first_over_rest(row) for row in best.rows} if best else {}
    for row in found.rows:
        ratio = _first_over_rest(row)
        before = usual.get(row.config)
        if ratio is not None and ratio >= UNEVEN * max(1.0, before or 1.0):
            why = f"the first call of {row.config} takes {ratio:.0f} times as long as the timed ones"
            return Refusal(rule="uneven-calls", why=why, cheat=True)
    return None


def _first_over_rest(row: RowGpuTime) -> float | None:
    if not row.warmup_us or not row.samples_us:
        return None
    typical = median(row.samples_us)
    return row.warmup_us[0] / typical if typical > 0 else None


def _find_early_end(found: Attribution, best: Attribution | None, script_us: dict[str, float]) -> Refusal | None:
    """Compare GPU time with script time; without best's own rows there is nothing to say what is usual here."""
    if best is None or not found.rows or not best.rows:
        return None
    for row in found.rows:
        script = script_us.get(row.config)
        if script is not None and script < SCRIPT_FLOOR * row.us:
            why = f"{row.config} takes {script:.1f} us by the script and {row.us:.1f} us by the trace"
            return Refusal(rule="script-below-trace", why=why, cheat=True)
    return None

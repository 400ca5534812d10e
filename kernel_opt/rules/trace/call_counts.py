"""Whether the settings' numbers of calls agree with what the baseline's trace shows, and what is gone by if not."""

import math

from kernel_opt.model.trace import Trace
from kernel_opt.rules.trace.attribution import CallCounts


def count_launches(trace: Trace | None) -> int | None:
    """Return how often the targets were launched in a traced run; None without a trace of them."""
    if trace is None:
        return None
    names = {target.name for target in trace.targets}
    return sum(kernel.calls for kernel in trace.kernels if kernel.name in names) or None


def fit_counts(declared: CallCounts | None, baseline: Trace | None, rows: int) -> CallCounts | None:
    """Return the declared counts unless the baseline itself makes fewer launches; then nothing is known of calls."""
    return None if _is_too_high(declared, baseline, rows) else declared


def least_launches(declared: CallCounts | None, baseline: Trace | None, rows: int) -> int | None:
    """Return how many launches an honest run makes at least; None when that cannot be told.

    One for each declared call. Where the baseline shows that those are too many, its own launches count, and a kernel
    that does the work of all its kernels at once is honest still.
    """
    if declared is None:
        return None
    shown = count_launches(baseline)
    if shown is None or not _is_too_high(declared, baseline, rows):
        return _wanted(declared, rows)
    return max(rows, math.ceil(shown / max(1, len(baseline.targets if baseline else ()))))


def find_count_trouble(declared: CallCounts | None, baseline: Trace | None, rows: int) -> str:
    """Say in words that the settings' counts cannot be right; empty when they may be."""
    if declared is None or not _is_too_high(declared, baseline, rows):
        return ""
    return (
        f"the settings tell of {declared.warmup} warm-up and {declared.timed} timed calls for each of {rows} rows, "
        f"{_wanted(declared, rows)} in all, but the baseline launches its kernel {count_launches(baseline)} times: "
        "warm-up is not told from timed calls; set benchmark.warmup_calls and benchmark.timed_calls right"
    )


def _wanted(declared: CallCounts, rows: int) -> int:
    return rows * (declared.warmup + declared.timed)


def _is_too_high(declared: CallCounts | None, baseline: Trace | None, rows: int) -> bool:
    shown = count_launches(baseline)
    return declared is not None and shown is not None and shown < _wanted(declared, rows)

"""Whether work that left the target's kernels went anywhere else: to other kernels, to copies, or to the host."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.model.recording import Recording
from kernel_opt.rules.integrity.trace_checks import Seen
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime

MOVED = 0.5
"""Part of what a target's calls save, or of what they still take, that may turn up elsewhere: glue costs something,
moved work costs all of it, and another's kernel that does it faster more than what is left of one's own."""
HIDDEN_US = 500.0
"""A call that the host prepares for longer than this does work there: a slow launch takes some tens of us."""
STEADY = 1.25
"""Middle time from call to call over the shortest: of calls that each do the same it is near 1."""
SHOWN_US = 1.0
"""What stamps of different clocks and a loop's own code come to; less is nothing."""


def check_other_work(best: Seen, candidate: Seen) -> IntegrityCheck:
    """See whether kernels that are no targets, or copies, run within the calls in the place of the target."""
    return _check("other-work", best, candidate, _other_us, 0.0, "other kernels and copies within the calls")


def check_idle(best: Seen, candidate: Seen) -> IntegrityCheck:
    """See whether the device waits between launches for as long as the kernels are shorter: somebody else works then.

    A kernel that is faster than its launch leaves a gap too, but no long one, and its calls follow each other faster.
    """
    name = "idle-between-calls"
    check = _check(name, best, candidate, _idle_us, HIDDEN_US, "nothing on the device between launches")
    usual, found = _rows(best), _rows(candidate)
    if check.outcome is not failed(name, "").outcome or usual is None or found is None:
        return check
    if not all(_is_steady(row) for rows in (usual[1], found[1]) for row in rows.rows):
        return not_checked(name, f"{check.why}, but calls came now sooner, now later: others kept the machine busy")
    before, now = (sum(_period_us(row) for row in rows.rows) for rows in (usual[1], found[1]))
    if now < (1 - MOVED) * before:
        return passed(name, f"{check.why}, yet calls follow each other {before / now:.3g} times as fast")
    return check


def _check(
    name: str,
    best: Seen,
    candidate: Seen,
    measure: Callable[[Recording, RowGpuTime, Sequence[str]], float],
    least_us: float,
    what: str,
) -> IntegrityCheck:
    usual, found = _rows(best), _rows(candidate)
    if usual is None or found is None:
        return not_checked(name, "the trace does not tell the calls of both apart")
    saved = sum(row.us for row in usual[1].rows) - sum(row.us for row in found[1].rows)
    if saved <= SHOWN_US:
        return passed(name, "the target's calls save nothing")
    before = sum(measure(usual[0], row, best.targets) for row in usual[1].rows)
    now = sum(measure(found[0], row, candidate.targets) for row in found[1].rows)
    told = f"{what}: {now:.4g} us in one call of each row, with best {before:.4g}; the target saves {saved:.4g}"
    own = sum(row.us for row in found[1].rows)
    if now - before > max(MOVED * min(saved, own), least_us * len(found[1].rows), SHOWN_US):
        return failed(name, told)
    return passed(name, told)


def _rows(seen: Seen) -> tuple[Recording, Attribution] | None:
    recording, attribution = seen.recording, seen.attribution
    if recording is None or attribution is None or not attribution.is_certain:
        return None
    return (recording, attribution) if all(len(row.spans_ns) > 1 for row in attribution.rows) else None


def _other_us(recording: Recording, row: RowGpuTime, targets: Sequence[str]) -> float:
    """Return the time of all that is no target from the first timed call to the last, for each call."""
    begin, end = row.spans_ns[0][0], row.spans_ns[-1][1]
    first = bisect_left(recording.dispatches, begin, key=lambda one: one.start_ns)
    last = bisect_right(recording.dispatches, end, key=lambda one: one.start_ns)
    names = frozenset(targets)
    within = recording.dispatches[first:last]
    kernels = sum(one.duration_ns for one in within if recording.launches[one.launch].kernel not in names)
    copies = sum(stop - start for start, stop in recording.copies or () if begin <= start <= end)
    return (kernels + copies) / len(row.spans_ns) / 1000


def _idle_us(recording: Recording, row: RowGpuTime, targets: Sequence[str]) -> float:
    """Return how long nothing runs, from call to call."""
    return max(0.0, _period_us(row) - row.us - _other_us(recording, row, targets))


def _period_us(row: RowGpuTime) -> float:
    """Return the shortest time from the end of a call to the end of the next: neighbours delay calls, but not all."""
    return min(_periods_us(row))


def _periods_us(row: RowGpuTime) -> list[float]:
    return [(after[1] - before[1]) / 1000 for before, after in pairwise(row.spans_ns)]


def _is_steady(row: RowGpuTime) -> bool:
    """Say whether calls follow each other evenly: work does the same in each call, a busy machine does not."""
    return median(_periods_us(row)) <= STEADY * _period_us(row)

"""Whose dispatches are whose: the target's GPU time for each row of the benchmark, or for the whole only, and why.

The script runs its rows in the order of its table, and calls the kernel for each row a fixed number of times: first to
warm up, then timed. So the target's launches, in order, are rows of equal calls. Where exactly one such reading of the
sequence exists, and the script's own times agree with it, every row has its GPU time. Otherwise nothing is guessed.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from kernel_opt.model.recording import DispatchRecord, Recording
from kernel_opt.rules.trace.call_pattern import Cut, cut_rows

_MAX_EXTRA_CALLS = 4
"""Calls of a row beyond warm-up and timed ones: scripts check their result with one or two."""
_MAX_UNKNOWN_CALLS = 200
_CLEARLY = 1.5
"""Rows whose script times differ by this factor must come in the same order by GPU time."""
_MIN_AGREEMENT = 0.8
"""Of those pairs of rows: launch overhead may turn a few small ones round, not one in five."""


class CallCounts(Struct, frozen=True, kw_only=True):
    """How often the script calls the kernel for one row."""

    warmup: int
    timed: int


class RowGpuTime(Struct, frozen=True, kw_only=True):
    """GPU time of the target for one row."""

    config: str
    us: float
    """Median over the timed calls; a call is the sum of its launches."""
    samples_us: tuple[float, ...]
    kernels: tuple[str, ...]
    """What one call launches, in order."""
    calls: int
    warmup_calls: int | None
    """None: how many of the calls warm up is not known, so all are counted."""
    warmup_us: tuple[float, ...] = ()
    """The calls before the timed ones, in order."""
    spans_ns: tuple[tuple[int, int], ...] = ()
    """Of each timed call, the start of its first launch and the end of its last."""


class Attribution(Struct, frozen=True, kw_only=True):
    """Every row's GPU time, or the whole alone with the reason."""

    whole_us: float | None
    """All dispatches of the target, warm-up included; None when it never ran."""
    rows: tuple[RowGpuTime, ...] = ()
    reason: str = ""
    """Why the rows are not known, or what was noticed while telling them apart."""

    @property
    def is_certain(self) -> bool:
        """Tell whether every row has its own time."""
        return bool(self.rows)


def attribute(
    recording: Recording,
    targets: Sequence[str],
    configs: Sequence[str],
    *,
    counts: CallCounts | None = None,
    script_us: Mapping[str, float] | None = None,
) -> Attribution:
    """Tell which dispatches of the target kernels belong to which config; ``configs`` in the order of the table."""
    names = frozenset(targets)
    totals = [launch.total_ns for launch in recording.launches if launch.kernel in names]
    whole_us = sum(totals) / 1000 if totals else None
    reason = _why_not(recording, names, configs, whole_us)
    if reason:
        return Attribution(whole_us=whole_us, reason=reason)
    records = [record for record in recording.dispatches if recording.launches[record.launch].kernel in names]
    cuts, note = _cut(_tokens(recording, records), len(configs), counts)
    if not cuts:
        return Attribution(whole_us=whole_us, reason=note)
    rows = tuple(_row(recording, records, config, cut, counts) for config, cut in zip(configs, cuts, strict=True))
    if script_us and not _agrees(rows, script_us):
        why = "GPU times by order of dispatch do not follow the script's own times per row"
        return Attribution(whole_us=whole_us, reason=why)
    return Attribution(whole_us=whole_us, rows=rows, reason=note)


def _why_not(recording: Recording, names: frozenset[str], configs: Sequence[str], whole_us: float | None) -> str:
    if whole_us is None:
        return f"none of the target kernels ran: {', '.join(sorted(names)) or 'no target is known'}"
    if recording.dispatches_left_out:
        return f"{recording.dispatches_left_out} dispatches are too many to list"
    if not recording.dispatches:
        return "the trace gives sums only, no single dispatches"
    return "" if configs else "the benchmark's table has no rows"


def _tokens(recording: Recording, records: Sequence[DispatchRecord]) -> list[int]:
    """Number the launches by what the row of a table decides: kernel, grid and work-group."""
    numbers: dict[object, int] = {}
    tokens: list[int] = []
    for record in records:
        launch = recording.launches[record.launch]
        tokens.append(numbers.setdefault((launch.kernel, launch.grid, launch.workgroup), len(numbers)))
    return tokens


def _cut(tokens: Sequence[int], rows: int, counts: CallCounts | None) -> tuple[tuple[Cut, ...], str]:
    """Return the rows' parts and a note; no parts and the reason when there is not exactly one reading."""
    found = f"{len(tokens)} dispatches do not fall into {rows} rows"
    if counts is None:
        tries = [cuts for calls in range(2, _MAX_UNKNOWN_CALLS + 1) if (cuts := cut_rows(tokens, rows, calls))]
        if len(tries) == 1:
            return tries[0], f"{tries[0][0].calls} calls a row, warm-up not told from timed"
        return (), f"{found} of equal calls in one way only"
    expected = counts.warmup + counts.timed
    for calls in range(expected, expected + _MAX_EXTRA_CALLS + 1):
        if cuts := cut_rows(tokens, rows, calls):
            extra = f"{calls} calls a row where {expected} were expected; the last {counts.timed} are taken as timed"
            return cuts, "" if calls == expected else extra
    return (), f"{found} of {expected} equal calls in one way only"


def _row(
    recording: Recording, records: Sequence[DispatchRecord], config: str, cut: Cut, counts: CallCounts | None
) -> RowGpuTime:
    part = records[cut.begin : cut.end]
    calls = [part[place : place + cut.per_call] for place in range(0, len(part), cut.per_call)]
    timed = calls if counts is None else calls[-counts.timed :]
    times = tuple(sum(record.duration_ns for record in call) / 1000 for call in calls)
    samples = times[len(calls) - len(timed) :]
    return RowGpuTime(
        config=config,
        us=_median(samples),
        samples_us=samples,
        kernels=tuple(recording.launches[record.launch].kernel for record in calls[0]),
        calls=len(calls),
        warmup_calls=None if counts is None else len(calls) - len(timed),
        warmup_us=times[: len(calls) - len(timed)],
        spans_ns=tuple((call[0].start_ns, max(one.end_ns for one in call)) for call in timed),
    )


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _agrees(rows: Sequence[RowGpuTime], script_us: Mapping[str, float]) -> bool:
    """Tell whether rows that the script finds clearly different come in the same order by GPU time."""
    timed = [(script_us[row.config], row.us) for row in rows if script_us.get(row.config)]
    clear = [slower[1] > faster[1] for faster in timed for slower in timed if slower[0] > _CLEARLY * faster[0]]
    return not clear or sum(clear) / len(clear) >= _MIN_AGREEMENT

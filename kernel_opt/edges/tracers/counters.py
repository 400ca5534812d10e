"""Hardware counters as CSV: one row per counter and dispatch, summed up by kernel."""

import math
from pathlib import Path

from kernel_opt.edges.tracers.csv_header import read_header
from kernel_opt.edges.tracers.kernel_names import strip_suffix
from kernel_opt.edges.tracers.kernel_row import split_row
from kernel_opt.edges.tracers.refusal import LineError, refuse
from kernel_opt.model.recording import CounterTotal

Totals = dict[tuple[str, str], list[float]]


def read_counters(path: Path, totals: Totals) -> None:
    """Add the counters of one file; each total is dispatches and sum."""
    header = read_header(path, ("kernel_name", "counter_name", "counter_value"))
    name, counter, value = (header.columns.index(f"{word}_{kind}") for word, kind in _COLUMNS)
    with path.open("rb") as file:
        file.seek(header.length_bytes)
        for number, line in enumerate(file, header.lines + 1):
            if not line.strip():
                continue
            try:
                fields = split_row(line, len(header.columns), name, number, is_escaped="guid" in header.columns)
                total = totals.setdefault((strip_suffix(fields[name]), fields[counter]), [0.0, 0.0])
                total[0] += 1
                total[1] += _parse_value(fields[value], number)
            except LineError as error:
                raise refuse(path, error.line, error.reason) from None


_COLUMNS = (("kernel", "name"), ("counter", "name"), ("counter", "value"))


def to_counters(totals: Totals) -> tuple[CounterTotal, ...]:
    """Return the sums as the model has them."""
    return tuple(
        CounterTotal(kernel=kernel, counter=counter, dispatches=int(dispatches), total=value)
        for (kernel, counter), (dispatches, value) in sorted(totals.items())
    )


def _parse_value(text: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise LineError(number, f"Counter_Value is {text[:40]!r}, not a count")
    return value

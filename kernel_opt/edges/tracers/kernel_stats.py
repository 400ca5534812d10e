"""The tracer's own sums by kernel, for a folder that holds nothing more exact."""

from pathlib import Path

from kernel_opt.edges.tracers.csv_header import read_header
from kernel_opt.edges.tracers.kernel_names import strip_suffix
from kernel_opt.edges.tracers.kernel_row import parse_count, split_row
from kernel_opt.edges.tracers.refusal import LineError, refuse
from kernel_opt.model.recording import Launch


def read_kernel_stats(path: Path) -> list[Launch]:
    """Read kernel_stats.csv: calls and times, no shapes and no single dispatches."""
    header = read_header(path, ("name", "calls", "totaldurationns"))
    launches: list[Launch] = []
    with path.open("rb") as file:
        file.seek(header.length_bytes)
        for number, line in enumerate(file, header.lines + 1):
            if not line.strip():
                continue
            try:
                fields = split_row(line, len(header.columns), header.columns.index("name"), number)
                launches.append(_to_launch(dict(zip(header.columns, fields, strict=True)), number))
            except LineError as error:
                raise refuse(path, error.line, error.reason) from None
    return launches


def _to_launch(fields: dict[str, str], number: int) -> Launch:
    calls = parse_count(fields["calls"], "Calls", number)
    total_ns = parse_count(fields["totaldurationns"], "TotalDurationNs", number)
    if calls == 0 or total_ns == 0:
        raise LineError(number, "a kernel without calls or without time")
    shortest = parse_count(fields["minns"], "MinNs", number) if "minns" in fields else None
    longest = parse_count(fields["maxns"], "MaxNs", number) if "maxns" in fields else None
    if shortest is not None and longest is not None and not shortest <= longest <= total_ns:
        raise LineError(number, f"times from {shortest} to {longest} ns do not go with {total_ns} ns in all")
    return Launch(kernel=strip_suffix(fields["name"]), calls=calls, total_ns=total_ns, min_ns=shortest, max_ns=longest)

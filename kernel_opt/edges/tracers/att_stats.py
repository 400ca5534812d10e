"""A thread trace's stats CSV: the same sums as code.json, for a folder without that."""

from pathlib import Path

from kernel_opt.edges.tracers.csv_header import read_header, read_rows
from kernel_opt.edges.tracers.kernel_row import parse_count
from kernel_opt.edges.tracers.refusal import LineError, refuse
from kernel_opt.edges.tracers.site_table import SiteTable

_COLUMNS = ("vaddr", "instruction", "hitcount", "latency", "stall", "idle", "source")


def read_att_stats(path: Path, table: SiteTable) -> str | None:
    """Read one stats file into the table; return a note when it holds no instruction."""
    header = read_header(path, _COLUMNS)
    places = [header.columns.index(name) for name in _COLUMNS]
    count = 0
    for number, fields in read_rows(path, header):
        if len(fields) != len(header.columns):
            raise refuse(path, number, f"{len(fields)} fields where the header has {len(header.columns)}")
        address, isa, *counts, source = (fields[place] for place in places)
        try:
            numbers = [parse_count(text, "a count", number) for text in (address, *counts)]
        except LineError as error:
            raise refuse(path, error.line, error.reason) from None
        vaddr, hits, spent, stalled, idle = numbers
        table.add([(isa, 0, number, source, 0, vaddr, hits, spent, stalled, idle)])
        count += 1
    return None if count else f"{path.name} holds no instruction: no traced wave ran where the tracer looked"

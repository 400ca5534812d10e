"""Copies of memory as CSV: when each ran. Work that moved from kernels to copies shows there alone."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.tracers.csv_header import read_header, read_rows
from kernel_opt.edges.tracers.kernel_row import parse_count
from kernel_opt.edges.tracers.refusal import LineError, refuse

_REQUIRED = ("direction", "start_timestamp", "end_timestamp")
MAX_COPIES = 200_000
"""More cannot be told apart by rows anyway."""


def read_copies(paths: Sequence[Path]) -> tuple[tuple[int, int], ...] | None:
    """Return start and end of each copy, by start; None when no file tells of any, or there are too many."""
    if not paths:
        return None
    copies = sorted(copy for path in paths for copy in _read(path))
    return tuple(copies) if len(copies) <= MAX_COPIES else None


def _read(path: Path) -> list[tuple[int, int]]:
    header = read_header(path, _REQUIRED)
    start, end = (header.columns.index(name) for name in _REQUIRED[1:])
    copies: list[tuple[int, int]] = []
    for number, fields in read_rows(path, header):
        if len(fields) < len(header.columns):
            raise refuse(path, number, "the line is cut off")
        try:
            copies.append((parse_count(fields[start], "Start", number), parse_count(fields[end], "End", number)))
        except LineError as error:
            raise refuse(path, error.line, error.reason) from None
        if len(copies) > MAX_COPIES:
            break
    return copies

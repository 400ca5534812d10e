"""Kernel traces as CSV, of every generation of columns, in memory that does not grow with the file.

A large file is read in parts by several processes. That is as fast as the general CSV readers on two cores, and most
traces are small: they are read before such a reader would have been loaded.
"""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

from kernel_opt.edges.tracers.kernel_row import Layout, read_layout
from kernel_opt.edges.tracers.kernel_rows import RowReader
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.refusal import LineError, refuse

_BLOCK_BYTES = 1 << 22  # Bringing the sums up to date once per 20,000 rows costs nothing.
_PART_BYTES = 1 << 25  # Read by one of several processes; smaller files are not worth starting them.
_MAX_LINE_BYTES = 1 << 20  # The longest kernel name on record has 1,823 characters.
_MAX_PROCESSES = 4  # The host may be busy with other people's work.


def read_range(work: tuple[Path, Layout, LaunchTable, int, int]) -> "Part":
    """Read the rows that start between two places of the file; return the table, the lines read, what stopped it.

    Line numbers count from 1 at the first place.
    """
    path, layout, table, begin, end = work
    rows = RowReader(layout, table)
    lines_read = 0
    with path.open("rb") as file:
        file.seek(begin)
        # readlines reads on until it has more than its hint, so the last one of a part needs one byte less.
        while (left := end - file.tell()) > 1 and (lines := file.readlines(min(left - 1, _BLOCK_BYTES))):
            try:
                rows.read_lines(lines, lines_read + 1)
            except LineError as error:
                return table, lines_read, error
            lines_read += len(lines)
    return table, lines_read, None


def read_kernel_csv(path: Path, table: LaunchTable, processes: int | None = None) -> str | None:
    """Read one whole kernel trace into the table; return a note when its end looks cut off."""
    layout, header = read_layout(path)
    size = path.stat().st_size
    if _guess_rows(path, size) > 2 * table.max_dispatches:
        table.stop_keeping()  # Saves the effort of listing what would be thrown away.
    line = header.lines
    for part, lines, error in _read_parts(path, layout, table, _cut(path, header.length_bytes, size), processes):
        if error is not None:
            raise refuse(path, line + error.line, error.reason)
        line += lines
        table.absorb(part)
    if not table.folds:
        raise refuse(path, line, "the header stands there alone: no dispatch was recorded")
    return None if _ends_in_line_end(path, size) else f"{path.name} does not end in a line end: it may be cut off"


Part = tuple[LaunchTable, int, LineError | None]


def _read_parts(
    path: Path, layout: Layout, table: LaunchTable, cuts: list[tuple[int, int]], processes: int | None
) -> Iterator[Part]:
    """Read the parts of a file, several at a time when there are several, and give them in their order."""
    work = [(path, layout, table.spawn(), begin, end) for begin, end in cuts]
    if len(work) == 1:
        yield read_range(work[0])
        return
    count = min(len(work), processes or len(os.sched_getaffinity(0)), _MAX_PROCESSES)
    with multiprocessing.get_context("fork").Pool(count) as pool:
        yield from pool.imap(read_range, work)


def _cut(path: Path, begin: int, end: int) -> list[tuple[int, int]]:
    """Return the parts of the file, each beginning at a line."""
    cuts = [begin]
    with path.open("rb") as file:
        while end - cuts[-1] > 1.5 * _PART_BYTES:
            file.seek(cuts[-1] + _PART_BYTES)
            file.readline(_MAX_LINE_BYTES)
            cuts.append(file.tell())
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _guess_rows(path: Path, size: int) -> int:
    with path.open("rb") as file:
        sample = file.read(1 << 16)
    return size * sample.count(b"\n") // max(len(sample), 1)


def _ends_in_line_end(path: Path, size: int) -> bool:
    with path.open("rb") as file:
        file.seek(max(size - 1, 0))
        return file.read() == b"\n"

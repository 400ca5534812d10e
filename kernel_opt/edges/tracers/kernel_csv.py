"""Kernel traces as CSV, of every generation of columns, in memory that does not grow with the file.

The writer quotes names but escapes nothing, so a name may hold quotes and commas. A row in the usual form is cut by
its quotes; any other is put together from both ends. All that follows the end stamp is the same for every dispatch of
a launch, so it is parsed once per distinct text.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from kernel_opt.edges.tracers.kernel_row import Layout, parse_row, read_layout
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.refusal import LineError, refuse

_BLOCK_BYTES = 1 << 22  # Bringing the sums up to date once per 20,000 rows costs nothing.
_PART_BYTES = 1 << 25  # Read by one of several processes; smaller files are not worth starting them.
_MAX_LINE_BYTES = 1 << 20  # The longest kernel name on record has 1,823 characters.
_MAX_PROCESSES = 4  # The host may be busy with other people's work.


Appenders = tuple[Callable[[int], None], Callable[[int], None] | None, Callable[[int], None]]
"""Where the duration of a dispatch goes; its start and its number too where dispatches are listed."""


class RowReader:
    """Takes rows into a table of launches."""

    def __init__(self, layout: Layout, table: LaunchTable) -> None:
        self._layout = layout
        self._table = table
        self._seen: dict[tuple[bytes, bytes, bytes], Appenders] = {}
        # ROCm 7 writes the agent as text, in quotes; before, it was a plain number next to the other ids.
        self._agent_quoted = "arch_vgpr" in layout.sizes
        agent = layout.agent or 0
        has_ids = layout.dispatch is not None or not self._agent_quoted
        self._is_usual = (
            has_ids
            and agent == 1 + layout.is_escaped
            and (layout.start, layout.end)
            == (
                layout.name + 2,
                layout.name + 3,
            )
        )
        self._ids = layout.name - agent + 2 - self._agent_quoted
        self._dispatch = (layout.dispatch or 0) - agent + 1 - self._agent_quoted

    def read_lines(self, lines: list[bytes], first: int) -> None:
        """Take in whole lines, the first of which has this number in the file."""
        if not self._is_usual:
            for number, line in enumerate(lines, first):
                self._read_odd(line, number)
        elif self._agent_quoted:
            self._read_quoted(lines, first)
        else:
            self._read_plain(lines, first)
        if not self._table.flush():
            for number, line in enumerate(lines, first):
                self._read_odd(line, number)

    def _read_quoted(self, lines: list[bytes], first: int) -> None:
        """Read rows as ROCm 7 writes them; rocpd2csv puts a Guid before each."""
        seen = self._seen
        cut = [line.partition(b",")[2] for line in lines] if self._layout.is_escaped else lines
        for number, line in enumerate(cut, first):
            try:
                _, _, _, agent, ids, name, tail = line.split(b'"')
                _, _, start, end, shape = tail.split(b",", 4)
                entry = seen.get((name, agent, shape))
                if entry is None or not (start.isdigit() and end.isdigit()):
                    seen[name, agent, shape] = self._read_any(lines[number - first], number)
                    continue
                add_duration, add_start, add_id = entry
                start_ns = int(start)
                add_duration(int(end) - start_ns)
                if add_start is not None:
                    add_start(start_ns)
                    add_id(int(ids.split(b",")[self._dispatch]))
            except (ValueError, IndexError, OverflowError):
                self._read_odd(lines[number - first], number)

    def _read_plain(self, lines: list[bytes], first: int) -> None:
        """Read rows as ROCm 6 writes them: the agent is a number, and the oldest have no Dispatch_Id."""
        seen, width = self._seen, self._ids
        for number, line in enumerate(lines, first):
            try:
                _, _, numbers, name, tail = line.split(b'"')
                _, _, start, end, shape = tail.split(b",", 4)
                ids = numbers.split(b",")
                entry = seen.get((name, ids[1], shape))
                if entry is None or len(ids) != width or not (start.isdigit() and end.isdigit()):
                    seen[name, ids[1], shape] = self._read_any(line, number)
                    continue
                add_duration, add_start, add_id = entry
                start_ns = int(start)
                add_duration(int(end) - start_ns)
                if add_start is not None:
                    add_start(start_ns)
                    add_id(int(ids[self._dispatch]) if self._dispatch > 0 else -1)
            except (ValueError, IndexError, OverflowError):
                self._read_odd(line, number)

    def _read_odd(self, line: bytes, number: int) -> None:
        """Read a row in no usual form, if it is one at all."""
        if line.strip():
            self._read_any(line, number)

    def _read_any(self, line: bytes, number: int) -> Appenders:
        """Read one row with every check; return where the next of its launch may go without."""
        row = parse_row(line, self._layout, number)
        fold = self._table.open((row.kernel, row.agent, row.shape), row.kernel, row.agent, row.shape)
        if fold.is_kept:
            fold.starts.append(row.start_ns)
            fold.ids.append(row.dispatch_id)
        fold.durations.append(row.end_ns - row.start_ns)
        return fold.durations.append, fold.starts.append if fold.is_kept else None, fold.ids.append


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

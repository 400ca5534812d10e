"""Rows of a kernel trace, taken in a block at a time.

The writer quotes names but escapes nothing, so a name may hold quotes and commas. A row in the usual form is cut by
its quotes; any other is put together from both ends. All that follows the end stamp is the same for every dispatch of
a launch, so it is parsed once per distinct text.
"""

from collections.abc import Callable

from kernel_opt.edges.tracers.kernel_row import Layout, parse_row, to_number
from kernel_opt.edges.tracers.launch_fold import Fold, LaneKey
from kernel_opt.edges.tracers.launches import LaunchTable

Appenders = tuple[Callable[[int], None], Callable[[int], None] | None, Callable[[int], None], dict[LaneKey, int]]
"""Where the duration of a dispatch goes; its start, its number and its way too where dispatches are listed."""


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
        first = agent - 1 + self._agent_quoted
        self._lane = [place - first if place is not None and place > agent else None for place in layout.lane]
        self._lanes: dict[tuple[bytes | None, ...], LaneKey] = {}

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
                add_duration, add_start, add_id, lanes = entry
                start_ns = int(start)
                add_duration(int(end) - start_ns)
                if add_start is not None:
                    numbers = ids.split(b",")
                    add_start(start_ns)
                    add_id(int(numbers[self._dispatch]))
                    lane = self._lane_of(numbers)
                    lanes[lane] = lanes.get(lane, 0) + 1
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
                add_duration, add_start, add_id, lanes = entry
                start_ns = int(start)
                add_duration(int(end) - start_ns)
                if add_start is not None:
                    add_start(start_ns)
                    add_id(int(ids[self._dispatch]) if self._dispatch > 0 else -1)
                    lane = self._lane_of(ids)
                    lanes[lane] = lanes.get(lane, 0) + 1
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
            lane = (self._table.process, *row.lane)
            fold.lanes[lane] = fold.lanes.get(lane, 0) + 1
        fold.durations.append(row.end_ns - row.start_ns)
        return _appenders(fold)

    def _lane_of(self, numbers: list[bytes]) -> LaneKey:
        """Return on which way a dispatch came; few ways are used, so their numbers are read once."""
        key = tuple(numbers[place] if place is not None else None for place in self._lane)
        known = self._lanes.get(key)
        if known is None:
            queue, stream, thread = (None if text is None else to_number(text) for text in key)
            known = self._lanes[key] = (self._table.process, queue, stream, thread)
        return known


def _appenders(fold: Fold) -> Appenders:
    return fold.durations.append, fold.starts.append if fold.is_kept else None, fold.ids.append, fold.lanes

"""On which ways launches came is told wherever the tracer wrote it: process, queue, stream and thread."""

from pathlib import Path

import pytest

from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.edges.tracers.kernel_csv import read_kernel_csv
from kernel_opt.edges.tracers.launches import LaunchTable
from tests.edges.tracers.trace_files import START, WIDTHS, row, text, write


@pytest.mark.parametrize("width", WIDTHS)
def test_every_generation_tells_what_it_has(tmp_path: Path, width: int) -> None:
    """The oldest knows queues alone; the first row of a launch is read as all others."""
    rows = [row(width, "k", START + 10 * turn, START + 10 * turn + 5, turn + 1) for turn in range(3)]
    table = LaunchTable(process="7_")
    read_kernel_csv(write(tmp_path / "7_kernel_trace.csv", text(width, rows)), table)
    (lane,) = table.to_lanes()
    assert (lane.kernel, lane.calls, lane.process, lane.queue) == ("k", 3, "7_", 1)
    assert (lane.thread is None) == (width < 18)
    assert (lane.stream is None) == (width < 22)


def test_processes_are_told_apart_by_their_files(tmp_path: Path) -> None:
    """A child that launches leaves a file of its own."""
    for number, calls in ((10, 2), (11, 1)):
        rows = [row(22, "k", START + 10 * turn, START + 10 * turn + 5, turn + 1) for turn in range(calls)]
        write(tmp_path / "host" / f"{number}_kernel_trace.csv", text(22, rows))
    lanes = read_folder(tmp_path).lanes
    assert [lane.calls for lane in lanes] == [2, 1]
    assert len({lane.process for lane in lanes}) == 2


def test_what_is_not_listed_has_no_way(tmp_path: Path) -> None:
    """Of too many dispatches the sums alone are kept."""
    rows = [row(22, "k", START + 10 * turn, START + 10 * turn + 5, turn + 1) for turn in range(9)]
    table = LaunchTable(max_dispatches=4)
    read_kernel_csv(write(tmp_path / "t.csv", text(22, rows)), table)
    assert table.to_lanes() == ()

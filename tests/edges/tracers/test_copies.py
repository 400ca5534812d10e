"""Copies of memory are read with their times, or refused with file and line."""

from pathlib import Path

import pytest

from kernel_opt.edges.tracers import copies
from kernel_opt.edges.tracers.copies import read_copies
from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.model.errors import ReadFailedError
from tests.edges.tracers.trace_files import START, row, text, write

HEADER = (
    '"Kind","Direction","Stream_Id","Source_Agent_Id","Destination_Agent_Id","Correlation_Id",'
    '"Start_Timestamp","End_Timestamp"\n'
)
OLD_HEADER = HEADER.replace('"Stream_Id",', "")


def copy(start: int, end: int, *, stream: str = "0,") -> str:
    return f'"MEMORY_COPY","MEMORY_COPY_DEVICE_TO_DEVICE",{stream}"Agent 4","Agent 4",7,{start},{end}\n'


def test_every_generation_comes_out_alike(tmp_path: Path) -> None:
    """Sorted by their start, from the files of all processes; without any file nothing is claimed."""
    new = write(tmp_path / "1_memory_copy_trace.csv", HEADER + copy(30, 40) + copy(10, 15))
    old = write(tmp_path / "2_memory_copy_trace.csv", OLD_HEADER + copy(20, 21, stream=""))
    assert read_copies([new, old]) == ((10, 15), (20, 21), (30, 40))
    assert read_copies([]) is None


@pytest.mark.parametrize("bad", ['"MEMORY_COPY","x",0\n', copy(30, 40).replace("30", "1.6E+14")])
def test_damage_is_told(tmp_path: Path, bad: str) -> None:
    """With the line it is in."""
    path = write(tmp_path / "1_memory_copy_trace.csv", HEADER + bad)
    with pytest.raises(ReadFailedError, match="line 2"):
        read_copies([path])


def test_too_many_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incomplete list would say that nothing moved."""
    monkeypatch.setattr(copies, "MAX_COPIES", 2)
    assert read_copies([write(tmp_path / "t.csv", HEADER + copy(1, 2) * 4)]) is None


def test_a_folder_has_them_beside_its_kernels(tmp_path: Path) -> None:
    """They are no kernels, and add none."""
    write(tmp_path / "1_kernel_trace.csv", text(22, [row(22, "pa_main", START, START + 9)]))
    write(tmp_path / "1_memory_copy_trace.csv", HEADER + copy(START, START + 5))
    recording = read_folder(tmp_path)
    assert recording.copies == ((START, START + 5),)
    assert [launch.kernel for launch in recording.launches] == ["pa_main"]

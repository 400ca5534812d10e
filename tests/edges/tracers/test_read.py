"""A trace folder is read in a process of its own: right, once, within limits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.tracers import find
from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.edges.tracers.read import read_trace
from kernel_opt.edges.tracers.reader import main
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from tests.edges.tracers.trace_files import AGENTS, START, row, text, write, write_rocpd

ONE = text(22, [row(22, "pa_main", START, START + 9, 1)])


def test_a_folder_is_read(tmp_path):
    """Kernels of every process and the agents, found wherever the tracer put them."""
    write(tmp_path / "host" / "1_kernel_trace.csv", ONE)
    write(tmp_path / "host" / "2_kernel_trace.csv", text(22, [row(22, "pa_main", START - 50, START - 40, 1)]))
    write(tmp_path / "host" / "1_agent_info.csv", AGENTS)
    write(tmp_path / "host" / "2_agent_info.csv", AGENTS)
    recording = read_trace(tmp_path)
    assert [(launch.kernel, launch.calls, launch.total_ns) for launch in recording.launches] == [("pa_main", 2, 19)]
    assert [record.duration_ns for record in recording.dispatches] == [10, 9]
    assert len(recording.agents) == 2
    assert "host/2_kernel_trace.csv" in recording.files


def test_a_file_is_read(tmp_path):
    """One file may be named instead of its folder; kernels may be named whose dispatches are wanted."""
    path = write(tmp_path / "1_kernel_trace.csv", ONE)
    assert read_trace(path, kernels=["pa_main"]).files == ("1_kernel_trace.csv",)
    assert len(read_trace(path, kernels=["pa_main"]).dispatches) == 1
    assert read_trace(path, kernels=["other"]).dispatches == ()


def test_nothing_is_counted_twice(tmp_path):
    """The same trace in several formats, or a command that ran once per pass, counts once."""
    for place in ("pass_1", "pass_2"):
        write(tmp_path / place / "1_kernel_trace.csv", ONE)
    write_rocpd(tmp_path / "1_results.db", [(1, START, START + 500)])
    recording = read_folder(tmp_path)
    assert [launch.total_ns for launch in recording.launches] == [9]
    assert recording.notes == ("kernel times are those of pass 1 alone: each pass ran the command again",)


def test_the_same_kernel_traced_twice_is_shown_once(tmp_path):
    """Of two thread traces of one kernel the one with the most time is kept."""
    head = '"CodeObj","Vaddr","Instruction","Hitcount","Latency","Stall","Idle","Source"\n'
    for place, spent in enumerate((40, 90, 20)):
        body = f'2,64,"; _Zk",0,0,0,0,"k"\n2,64,"s_nop 0",4,{spent},30,2,""\n'
        write(tmp_path / f"stats_ui_output_agent_1_dispatch_{place}.csv", head + body)
    assert [sites.spent for sites in read_folder(tmp_path).sites] == [90]


def test_older_files_are_left_alone(tmp_path):
    """Only what this run wrote is read."""
    old = write(tmp_path / "1_kernel_trace.csv", ONE)
    os.utime(old, (1000, 1000))
    write(tmp_path / "2_kernel_trace.csv", ONE)
    recording = read_trace(tmp_path, since_s=2000)
    assert recording.files == ("2_kernel_trace.csv",)
    assert recording.notes == ("1 files older than the run were left alone",)


def test_refusals_come_through(tmp_path):
    """File, line and reason, as our error, with what to do."""
    with pytest.raises(ReadFailedError, match=r"no such file or folder"):
        read_trace(tmp_path / "none")
    with pytest.raises(ReadFailedError, match=r"no trace of rocprofv3 is there"):
        read_trace(tmp_path)
    write(tmp_path / "domain_stats.csv", "x")
    with pytest.raises(ReadFailedError, match=r"is there, only domain_stats.csv; trace again"):
        read_trace(tmp_path)
    write(tmp_path / "1_kernel_trace.csv", ONE[:-20])
    with pytest.raises(ReadFailedError, match=r"1_kernel_trace.csv, line 2: "):
        read_trace(tmp_path)


def test_agents_alone_mean_that_nothing_ran(tmp_path):
    """The tracer succeeds and leaves agents only when the kernels ran elsewhere: that is no trace."""
    write(tmp_path / "1_agent_info.csv", AGENTS)
    with pytest.raises(ReadFailedError, match=r"no kernel was recorded, only 1_agent_info.csv; .*launches the kernels"):
        read_trace(tmp_path)


def test_leftovers_and_links_are_not_followed(tmp_path):
    """The tracer's own temporary files are not results, and no link leads out of the folder."""
    write(tmp_path / ".rocprofv3" / "9_kernel_trace.csv", ONE)
    (tmp_path / "8_kernel_trace.csv").symlink_to(write(tmp_path.parent / "outside_kernel_trace.csv", ONE))
    with pytest.raises(ReadFailedError, match=r"no trace"):
        read_folder(tmp_path)


def test_a_home_directory_is_no_trace(tmp_path, monkeypatch):
    """Too many files are refused before any is opened."""
    monkeypatch.setattr(find, "_MAX_FILES", 3)
    for place in range(5):
        write(tmp_path / f"{place}.txt", "")
    with pytest.raises(ReadFailedError, match=r"more than 3 files"):
        read_folder(tmp_path)


def test_memory_is_limited(tmp_path):
    """A hostile file ends the reader, not the daemon."""
    path = tmp_path / "1_kernel_trace.csv"
    with path.open("wb") as file:
        file.write(ONE.encode())
        file.truncate(1 << 30)
    with pytest.raises(ReadFailedError, match=r"takes more than 200 MiB"):
        read_trace(path, memory_mib=200)


def test_time_is_limited(tmp_path):
    """A reader that does not come back is given up."""
    os.mkfifo(tmp_path / "1_kernel_trace.csv")
    with pytest.raises(ReadFailedError, match=r"no trace"):
        read_trace(tmp_path)
    with pytest.raises(ReadFailedError, match=r"not read within 0 s"):
        read_trace(tmp_path, timeout_s=0.001)


def test_a_reader_that_dies_is_told(tmp_path, monkeypatch):
    """What it said last is the reason; one that does not start is the machine's fault."""
    write(tmp_path / "1_kernel_trace.csv", ONE)
    script = write(tmp_path / "python", "#!/bin/sh\necho out of luck >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(ReadFailedError, match=r"ended with code 3: out of luck"):
        read_trace(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(InfrastructureError, match=r"does not start"):
        read_trace(tmp_path)


def test_the_reader_always_answers(tmp_path, capsysbinary, monkeypatch):
    """Its answer is one JSON document whatever happens."""
    assert main([str(write(tmp_path / "1_kernel_trace.csv", ONE))]) == 0
    assert b'"pa_main"' in capsysbinary.readouterr().out
    assert main([str(tmp_path / "none")]) == 0
    assert b"no such file" in capsysbinary.readouterr().out
    for error, words in ((MemoryError(), b"MiB"), (OSError(5, "Input/output error", "f"), b"Input/output error")):

        def fail(*_args: object, error: Exception = error, **_options: object) -> None:
            raise error

        monkeypatch.setattr("kernel_opt.edges.tracers.reader.read_folder", fail)
        assert main([str(tmp_path)]) == 0
        assert words in capsysbinary.readouterr().out


def test_the_reader_loads_no_table_library():
    """Reading a small trace must cost little: no pandas, no numpy."""
    code = "import sys, kernel_opt.edges.tracers.reader; print({'pandas', 'numpy'} & set(sys.modules))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "set()"


def test_renamed_files_are_known_by_what_they_hold(tmp_path):
    """A file that somebody passed on under another name is read, alone or in a folder without a better one."""
    path = write(tmp_path / "from_a_friend.csv", ONE)
    assert read_folder(path).launches[0].kernel == "pa_main"
    assert read_folder(tmp_path).launches[0].kernel == "pa_main"
    assert read_folder(write_rocpd(tmp_path / "x.bin", [(1, START, START + 9)])).launches[0].calls == 1

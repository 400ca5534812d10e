"""``kernel-opt trace`` reads folders and runs commands; what it cannot do it says in a sentence."""

import argparse
import json
import os
import sys
from pathlib import Path

import pytest

from kernel_opt.cli import trace
from kernel_opt.cli.trace_run import open_folder
from kernel_opt.cli.trace_text import to_text
from kernel_opt.model.errors import InfrastructureError, ReadFailedError, UsageError
from kernel_opt.model.recording import CounterTotal
from kernel_opt.model.trace import Trace
from tests.edges.tracers.trace_files import AGENTS, START, row, text, write
from tests.rocm.flydsl.lay_out import lay_out

STAND_INS = Path(__file__).parents[1] / "rocm"
SCRIPT = [sys.executable, "tests/kernels/test_pa.py"]


def run(*words: str) -> int:
    """Type the verb."""
    parser = argparse.ArgumentParser()
    trace.add_parser(parser.add_subparsers())
    return trace.run(parser.parse_args(["trace", *words]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small trace of one card, looked at from a folder that is no repository."""
    monkeypatch.chdir(tmp_path)
    rows = [row(22, "pa_main(float*, int)", START + 50 * turn, START + 50 * turn + 40, turn) for turn in range(3)]
    rows += [row(22, "__amd_rocclr_fillBufferAligned", START + 900, START + 930, 9)]
    write(tmp_path / "t" / "1_kernel_trace.csv", text(22, rows))
    write(tmp_path / "t" / "1_agent_info.csv", AGENTS)
    return tmp_path / "t"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The scripted benchmark, with the scripted tracer on PATH."""
    monkeypatch.setenv("PATH", f"{STAND_INS}:{os.environ['PATH']}")
    monkeypatch.chdir(lay_out(tmp_path / "repository"))


def test_json(folder, capsys):
    """Kernels with name, calls, times and share; the target with its occupancy; hotspots with ids."""
    assert run("--dir", str(folder), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    first = document["kernels"][0]
    assert (first["name"], first["calls"], first["total_ns"], first["average_ns"]) == (
        "pa_main(float*, int)",
        3,
        120,
        40.0,
    )
    assert first["share_pct"] == 80.0
    assert document["targets"][0]["name"] == "pa_main(float*, int)"
    assert document["occupancy"][0]["gfx"] == "gfx942"
    assert document["hotspots"][0]["id"] == "kernel:pa_main"
    assert "changes" not in document


def test_text(folder, capsys):
    """The same for people."""
    assert run("--dir", str(folder)) == 0
    shown = capsys.readouterr().out
    assert "0.000 ms of kernel time on MI300X (gfx942)" in shown
    assert "80.00%       3       0.040  pa_main(float*, int)" in shown
    assert "target pa_main(float*, int) (main; the only kernel that is no library's)" in shown
    assert "arch VGPR 128, accum VGPR 1" in shown
    assert "limited by grid" in shown


def test_what_changed(folder, tmp_path, capsys):
    """Two folders side by side, as text and as JSON."""
    rows = [row(22, "pa_main(float*, int)", START, START + 80, 1), row(22, "pa_new", START + 100, START + 101, 2)]
    write(tmp_path / "old" / "1_kernel_trace.csv", text(22, rows))
    assert run("--dir", str(folder), "--against", str(tmp_path / "old")) == 0
    shown = capsys.readouterr().out
    assert "pa_main(float*, int): -50.00 %; calls 1 -> 3" in shown
    assert "pa_new: gone" in shown
    assert "__amd_rocclr_fillBufferAligned: new" in shown
    assert "kernel:pa_new: 1.2 % -> -" in shown
    assert run("--dir", str(folder), "--against", str(tmp_path / "old"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["changes"]["kernels"][0]["name"] == "pa_main(float*, int)"


def test_a_long_list_of_kernels_is_cut(tmp_path, capsys):
    """The tail is counted, not shown, and long names are cut."""
    rows = [row(22, f"k{place:02}" + "x" * 80, START + place, START + place + 100 - place) for place in range(20)]
    write(tmp_path / "kernel_trace.csv", text(22, rows))
    assert run("--dir", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "and 8 more" in shown
    assert "x…" in shown


def test_counters_notes_and_nothing():
    """Counters are shown per dispatch; a trace without kernels says so."""
    counter = CounterTotal(kernel="k", counter="SQ_WAVES", dispatches=2, total=9.0)
    shown = to_text(Trace(counters=(counter,), notes=("cut",)), None)
    assert "no kernel was recorded" in shown
    assert "SQ_WAVES: 4.5 per dispatch over 2 of k" in shown
    assert shown.endswith("note: cut\n")


def test_a_refusal_names_the_file(folder):
    """File, line and reason, not a traceback."""
    path = folder / "1_kernel_trace.csv"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ReadFailedError, match=r"1_kernel_trace.csv, line 5: "):
        run("--dir", str(folder))


@pytest.mark.parametrize("words", [[], ["--dir", "x", "--", "python"]])
def test_one_of_folder_and_command(words):
    """Neither or both is a mistake of the caller's."""
    with pytest.raises(UsageError, match="one of the two"):
        run(*words)


@pytest.mark.usefixtures("repository")
def test_a_command_is_traced(tmp_path, capsys):
    """The report is about what the command launched; the files stay where wished."""
    assert run("--any-gpu", "--kernel", "pa_decode", "--out", str(tmp_path / "kept"), "--json", "--", *SCRIPT) == 0
    document = json.loads(capsys.readouterr().out)
    assert [target["name"] for target in document["targets"]] == [
        "pa_decode_tile_kernel_0",
        "pa_decode_metadata_kernel_0",
    ]
    assert document["agents"][0]["gfx"] == "gfx942"
    assert list((tmp_path / "kept").rglob("*_kernel_trace.csv"))
    with pytest.raises(UsageError, match="exists"), open_folder(tmp_path / "kept"):
        pass


@pytest.mark.usefixtures("repository")
def test_down_the_ladder(monkeypatch, capsys):
    """Where a thread trace is not to be had, the kernel trace is, and the report says why."""
    monkeypatch.setenv("SCRIPTED_TRACER", json.dumps({"fault": "no_att"}))
    assert run("--any-gpu", "--deep", "--", *SCRIPT) == 0
    assert "note: no thread trace: the thread trace decoder is not installed" in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_results_that_are_whole_count(monkeypatch, capsys):
    """A tracer that crashes after it has written everything has done its work."""
    monkeypatch.setenv("SCRIPTED_TRACER", json.dumps({"fault": "sigsegv_after"}))
    assert run("--any-gpu", "--", *SCRIPT) == 0
    assert "note: the results are whole, though it died of signal 11" in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_a_tracer_that_hangs_after_its_results(monkeypatch, capsys):
    """It is not waited for until the time limit."""
    monkeypatch.setenv("SCRIPTED_TRACER", json.dumps({"fault": "hang"}))
    monkeypatch.setattr("kernel_opt.cli.trace_run._FINALIZER_TICKS", 1)
    assert run("--any-gpu", "--timeout-s", "60", "--", *SCRIPT) == 0
    assert "note: the results are whole, though the tracer hangs after its results" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("sigsegv", "it died of signal 11"),
        ("missing", "it ended with code 0"),
        ("empty", "it ended with code 0"),
        ("truncated", "it ended with code 0"),
        ("broken", "it ended with code 1"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_tracer_that_leaves_nothing(monkeypatch, fault, why):
    """That is the machine's failure, with the reason, never a result."""
    monkeypatch.setenv("SCRIPTED_TRACER", json.dumps({"fault": fault}))
    with pytest.raises(InfrastructureError, match=f"nothing was traced; .*{why}"):
        run("--any-gpu", "--", *SCRIPT)


@pytest.mark.usefixtures("repository")
def test_a_tracer_that_hangs_before(monkeypatch):
    """The time limit holds."""
    monkeypatch.setenv("SCRIPTED_TRACER", json.dumps({"fault": "hang_before"}))
    with pytest.raises(InfrastructureError, match="it was ended after"):
        run("--any-gpu", "--timeout-s", "0.5", "--", *SCRIPT)


def test_the_host_platform(tmp_path, monkeypatch, capsys):
    """A command on the processor is traced by the host's own tracer, and read by the same readers."""
    write(tmp_path / "1_kernel_trace.csv", text(22, [row(22, "pa_main", START, START + 9)]))
    source = str(tmp_path / "1_kernel_trace.csv")
    monkeypatch.setattr("kernel_opt.edges.tracers.host.trace_argv", lambda _argv, out, **_kw: ["cp", source, str(out)])
    assert run("--platform", "host", "--", "anything") == 0
    assert "pa_main" in capsys.readouterr().out
    monkeypatch.setattr(
        "kernel_opt.edges.tracers.host.trace_argv", lambda *_args, **_kw: ["sh", "-c", "echo no; exit 4"]
    )
    with pytest.raises(InfrastructureError, match="anything left no trace: it ended with code 4: no"):
        run("--platform", "host", "--", "anything")


@pytest.mark.usefixtures("repository")
def test_the_target_is_a_kernel_of_the_tuned_files(tmp_path, capsys):
    """The reference is hotter and nobody's library; what stands in the files being tuned is the target all the same."""
    rows = [
        row(22, "paged_attention_decode_gluon", START, START + 900, 1),
        row(22, "pa_reduce_kernel_0", START, START + 90, 2),
    ]
    write(tmp_path / "t" / "1_kernel_trace.csv", text(22, rows))
    assert run("--dir", str(tmp_path / "t"), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [target["name"] for target in document["targets"]] == ["pa_reduce_kernel_0"]
    (Path.cwd() / "kernel-opt.toml").write_text("[benchmark\n")
    with pytest.raises(UsageError, match="cannot be read"):
        run("--dir", str(tmp_path / "t"))


def test_a_target_that_cannot_be_told_is_not_guessed(tmp_path, monkeypatch, capsys):
    """Outside any repository two kernels of nobody's library are two candidates, named for choosing."""
    monkeypatch.chdir(tmp_path)
    rows = [row(22, "gluon", START, START + 900, 1), row(22, "pa_main", START, START + 90, 2)]
    write(tmp_path / "t" / "1_kernel_trace.csv", text(22, rows))
    assert run("--dir", str(tmp_path / "t")) == 0
    shown = capsys.readouterr().out
    assert "target " not in shown
    assert "cannot be told; name it with --kernel, one of: gluon; pa_main" in shown
    assert run("--dir", str(tmp_path / "t"), "--kernel", "pa_.*", "--json") == 0
    assert json.loads(capsys.readouterr().out)["targets"][0]["name"] == "pa_main"
    assert run("--dir", str(tmp_path / "t"), "--kernel", "attend") == 0
    assert "no kernel is called attend" in capsys.readouterr().out

"""rocprofv3 is asked rightly, its complaints are understood, and what it leaves of a real script is attributed."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.tracers.failures import explain_failure, has_whole_results
from kernel_opt.edges.tracers.read import read_trace
from kernel_opt.edges.tracers.rocprofv3 import Rung, next_rung, probe, to_regex, trace_argv
from kernel_opt.rules.trace.attribution import CallCounts, attribute
from kernel_opt.rules.trace.summary import summarise_kernels
from kernel_opt.rules.trace.target import find_targets, words_of
from tests.edges.tracers.trace_files import START, row, text, write
from tests.rocm.flydsl.lay_out import KERNEL, edit, lay_out

STAND_INS = Path(__file__).parents[2] / "rocm"
SCRIPT = ["python", "tests/kernels/test_pa.py"]


def test_the_format_is_always_named(tmp_path):
    """Since ROCm 7 the default is a database, so the format stands in every command; -- ends the tracer's part.

    Copies are traced with the kernels: work may move there.
    """
    for rung in (Rung.THREAD, Rung.COUNTERS, Rung.KERNEL):
        argv = trace_argv(SCRIPT, tmp_path, rung=rung)
        assert argv[:4] == ["rocprofv3", "--kernel-trace", "--memory-copy-trace", "--output-format"]
        assert argv[4] == "csv"
        assert argv[argv.index("-d") + 1] == str(tmp_path)
        assert argv[-3:] == ["--", *SCRIPT]
    assert trace_argv(SCRIPT, tmp_path) == trace_argv(SCRIPT, tmp_path, rung=Rung.KERNEL)
    assert trace_argv(SCRIPT, tmp_path, rung=Rung.SCRIPT) == SCRIPT


def test_deeper_looks_are_confined_to_kernels(tmp_path):
    """A thread trace of every kernel would be huge; a kernel trace knows no such option."""
    regex = to_regex(["void k<4>(int*)", "pa_main"])
    assert regex == r"^void\ k<4>\(int\*\)$|^pa_main$"
    deep = trace_argv(SCRIPT, tmp_path, rung=Rung.THREAD, kernel_regex=regex)
    assert deep[deep.index("--kernel-include-regex") + 1] == regex
    assert "--att" in deep
    assert "--kernel-include-regex" not in trace_argv(SCRIPT, tmp_path, kernel_regex=regex)


def test_at_most_four_cache_counters_a_pass(tmp_path):
    """The hardware has no room for more."""
    wished = ["SQ_WAVES", *(f"TCC_{place}" for place in range(6))]
    argv = trace_argv(SCRIPT, tmp_path, rung=Rung.COUNTERS, counters=wished)
    assert argv[argv.index("--pmc") + 1 : argv.index("--")] == ["SQ_WAVES", "TCC_0", "TCC_1", "TCC_2", "TCC_3"]


def test_the_ladder():
    """From the most telling to the script's own timing, and no further."""
    rungs = [Rung.THREAD]
    while rung := next_rung(rungs[-1]):
        rungs.append(rung)
    assert rungs == [Rung.THREAD, Rung.COUNTERS, Rung.KERNEL, Rung.SCRIPT]


def program(tmp_path, body):
    """A program that answers as the test wants."""
    path = write(tmp_path / "rocprofv3", f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "version", "rocm"),
    [
        ("echo '            version: 1.0.0'; echo '       rocm_version: 7.0.2'", "1.0.0", "7.0.2"),
        ("echo 'rocprofv3 version: 0.6.0'", "0.6.0", "unknown"),
        ("echo 'usage: rocprofv3 [-h] ...' >&2; exit 2", "unknown", "unknown"),
    ],
)
def test_probe(tmp_path, body, version, rocm):
    """Its version is recorded; the oldest know no --version and are used all the same."""
    found, why = probe(program=program(tmp_path, body))
    assert (found.version, found.rocm, why) == (version, rocm, "")


def test_a_tracer_that_cannot_be_used_is_told_why(tmp_path):
    """Missing, hanging, crashing, not a program."""
    assert probe(program=str(tmp_path / "none"))[1].endswith("is not on PATH")
    assert "did not end within 0 s" in probe(0.05, program(tmp_path, "exec sleep 60"))[1]
    assert (
        "ended with code 127: error while loading"
        in probe(program=program(tmp_path, "echo error while loading; exit 127"))[1]
    )
    assert "does not start" in probe(program=str(write(tmp_path / "text", "no program")))[1]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("E20250904 output_stream.cpp:105] Opened result file: x.csv\nW2025 simple_timer.cpp:55] ok", None),
        ("[rocprofv3] Fatal error: rocprof-trace-decoder library path not found in ['']", "decoder is not installed"),
        ("[rocprofv3] Fatal error: Command '['python']' died with <Signals.SIGSEGV: 11>.", "died of SIGSEGV"),
        ("rocprofv3 caught signal 15...", "caught signal 15"),
        (
            "tool.cpp] Configuration request occurred outside of valid rocprofiler configuration period",
            "another profiler",
        ),
    ],
)
def test_what_the_log_says(log, words):
    """Known failures are put in words; lines marked E alone are none."""
    found = explain_failure(log)
    assert (found is None) if words is None else (words in found)


def test_whole_results(tmp_path):
    """Whole files are good whatever became of their writer; cut or missing ones are not."""
    assert not has_whole_results(tmp_path)
    whole = text(22, [row(22, "k", START, START + 5)])
    write(tmp_path / "1_kernel_trace.csv", whole)
    assert has_whole_results(tmp_path)
    write(tmp_path / "2_kernel_trace.csv", whole[:-9])
    assert not has_whole_results(tmp_path)
    write(tmp_path / "2_kernel_trace.csv", text(22, []))
    assert not has_whole_results(tmp_path)


def run_traced(repository, folder, **script):
    """Run the scripted benchmark under the scripted tracer; return the rows of its table."""
    environ = {**os.environ, "PATH": f"{STAND_INS}:{os.environ['PATH']}", "SCRIPTED_TRACER": json.dumps(script)}
    argv = trace_argv([sys.executable, "tests/kernels/test_pa.py"], folder)
    subprocess.run(argv, cwd=repository, env=environ, capture_output=True, check=True)
    (table,) = repository.glob("run_pa_decode_ps_test.*.csv")
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("rocm", ["6.2", "6.4", "7.0"])
@pytest.mark.parametrize("has_error_column", [True, False])
def test_every_row_of_the_benchmark_gets_its_gpu_time(tmp_path, rocm, has_error_column):
    """From the command to GPU time per row: the targets are found by the tuned file, warm-up is left out."""
    repository = lay_out(tmp_path / "repository", has_error_column=has_error_column)
    edit(repository / KERNEL, "PARTITIONS = 1 ", "PARTITIONS = 2 ")
    rows = run_traced(repository, tmp_path / "trace", rocm=rocm)
    recording = read_trace(tmp_path / "trace")
    words = words_of([(repository / KERNEL).read_text()])
    targets = find_targets(summarise_kernels(recording.launches), words=words)
    assert {target.name for target in targets} == {
        "pa_decode_tile_kernel_0",
        "pa_decode_metadata_kernel_0",
        "pa_reduce_kernel_0",
    }
    script_us = {str(place): float(found["us_flydsl_ps"]) for place, found in enumerate(rows)}
    found = attribute(
        recording,
        [target.name for target in targets],
        list(script_us),
        counts=CallCounts(warmup=3, timed=10),
        script_us=script_us,
    )
    assert found.is_certain, found.reason
    assert len(found.rows) == 24
    for place, one in enumerate(found.rows):
        assert one.us == pytest.approx(script_us[str(place)] - 4.0, rel=0.01)
        assert len(one.samples_us) == 10
        is_large = rows[place]["block_size"] == "1024"
        assert one.kernels == (
            ("pa_decode_metadata_kernel_0",) if is_large else ("pa_decode_tile_kernel_0", "pa_reduce_kernel_0")
        )


def test_an_edit_of_the_kernel_moves_the_gpu_time(tmp_path):
    """The stand-in's times come from the kernel's source, as a real one's do."""
    repository = lay_out(tmp_path / "repository")
    run_traced(repository, tmp_path / "best")
    edit(repository / KERNEL, "TILE = 16 ", "TILE = 64 ")
    run_traced(repository, tmp_path / "candidate")
    best, candidate = (
        {kernel.name: kernel.total_ns for kernel in summarise(tmp_path / name)} for name in ("best", "candidate")
    )
    tile = "pa_decode_tile_kernel_0"
    assert candidate[tile] < 0.7 * best[tile]


def summarise(folder):
    """The kernels of a folder."""
    return summarise_kernels(read_trace(folder).launches)


def test_files_of_several_processes_are_one_trace(tmp_path):
    """Each process leaves its own; their dispatches come together by time."""
    repository = lay_out(tmp_path / "repository")
    run_traced(repository, tmp_path / "trace", per_pid=True)
    assert summarise(tmp_path / "trace")

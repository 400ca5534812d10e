"""The host tracer: what it leaves of a program with known kernels, read by the parser that reads rocprofv3's tables."""

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_opt.edges.tracers.host import build_sampler, find_compiler, trace_argv
from kernel_opt.edges.tracers.host_wrap import main
from kernel_opt.edges.tracers.read import read_trace
from kernel_opt.model.errors import UsageError

KERNELS = """
#include <time.h>
double sink;
void warm(const long *count)
{
    for (long i = 0; i < *count; i++)
        sink += 1.0;
}
double clocked;
void look(const long *count)
{
    struct timespec now;
    for (long i = 0; i < *count; i++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        clocked += now.tv_nsec;
    }
}
void hot(const long *count)
{
    double x = 1.0;
    for (long i = 0; i < *count; i++)
        x = x / (1.0 + x); /* planted */
    sink += x;
}
"""
HOT_LINE = 1 + KERNELS[: KERNELS.index("/* planted */")].count("\n")
PROGRAM = Path(__file__).with_name("traced_program.py")
COUNT = 30_000_000
"""Divisions that keep a core busy for some tenths of a second: hundreds of samples."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernels above, compiled with line information."""
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "toy.c").write_text(KERNELS)
    argv = [*find_compiler(os.environ), "-g", "-O1", "-shared", "-fPIC", "-o", "toy.so", "toy.c"]
    subprocess.run(argv, cwd=folder, check=True)
    return folder / "toy.so"


@pytest.fixture
def run(library: Path, tmp_path: Path) -> Run:
    """Run the program traced into ``tmp_path``/trace."""

    def run_traced(*words: str, count: int = 1000, sampling: bool = True, **environ: str):
        argv = trace_argv(
            [sys.executable, str(PROGRAM), str(library), str(count), *words], tmp_path / "trace", sampling=sampling
        )
        return subprocess.run(argv, env={**os.environ, **environ}, capture_output=True, text=True, check=False)

    return run_traced


def read_rows(folder: Path, suffix: str) -> list[dict[str, str]]:
    """Return the rows of the only table of that kind."""
    (path,) = folder.glob(f"*{suffix}")
    with path.open() as file:
        return list(csv.DictReader(file))


def test_every_launch_is_in_the_trace(run: Run, tmp_path: Path):
    """Names, order and grids of all launches are told; registers that a CPU has not are 0."""
    assert run().returncode == 0
    rows = read_rows(tmp_path / "trace", "_kernel_trace.csv")
    assert len(rows[0]) == 22
    assert [row["Kernel_Name"] for row in rows] == ["warm", "warm", "warm", "hot"]
    assert [row["Dispatch_Id"] for row in rows] == ["1", "2", "3", "4"]
    assert [rows[0][f"Grid_Size_{axis}"] for axis in "XYZ"] == ["8", "4", "2"]
    assert {rows[0][name] for name in ("VGPR_Count", "Accum_VGPR_Count", "SGPR_Count", "LDS_Block_Size")} == {"0"}
    assert all(int(row["Start_Timestamp"]) < int(row["End_Timestamp"]) for row in rows)


def test_modules_of_the_traced_tree_are_not_the_tracers(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It starts where candidate code lies, and imports none of it, not even in place of the standard library."""
    for name in ("csv.py", "argparse.py", "kernel_opt.py"):
        (tmp_path / name).write_text("raise SystemExit('error: this is not yours to import')")
    monkeypatch.chdir(tmp_path)
    done = run(PYTHONPATH=str(tmp_path / "nothing"))
    assert (done.returncode, done.stderr) == (0, "")
    assert read_rows(tmp_path / "trace", "_kernel_trace.csv")


def test_launches_do_not_overlap(run: Run, tmp_path: Path):
    """One thread runs one kernel at a time, and the trace says so."""
    run()
    rows = read_rows(tmp_path / "trace", "_kernel_trace.csv")
    times = [int(row[name]) for row in rows for name in ("Start_Timestamp", "End_Timestamp")]
    assert times == sorted(times)


def test_the_planted_hot_line_is_found(run: Run, tmp_path: Path):
    """Most samples stand on the line that computes, in its kernel, with file and number."""
    run(count=COUNT)
    names = {row["Dispatch_Id"]: row["Kernel_Name"] for row in read_rows(tmp_path / "trace", "_kernel_trace.csv")}
    samples = read_rows(tmp_path / "trace", "_pc_sampling_host_trap.csv")
    lines = Counter(Path(row["Instruction_Comment"]).name for row in samples if names[row["Dispatch_Id"]] == "hot")
    (line, count), *_ = lines.most_common(1)
    assert line in {f"toy.c:{HOT_LINE}", f"toy.c:{HOT_LINE - 1}"}
    assert count > 0.5 * lines.total()
    assert {row["Instruction"] for row in samples} <= {"hot", "warm", "host_trace_launch"}


def test_no_sample_is_of_the_tracer_itself(run: Run, tmp_path: Path):
    """Around launches as short as a clock read, the clock reads are not seen."""
    run("short")
    samples = read_rows(tmp_path / "trace", "_pc_sampling_host_trap.csv")
    assert {row["Instruction"] for row in samples} <= {"hot", "warm", "host_trace_launch"}


def test_what_the_system_lends_a_kernel_has_a_name(run: Run, tmp_path: Path):
    """A clock that a kernel reads lies in no file, and is told all the same."""
    run("clocked")
    samples = read_rows(tmp_path / "trace", "_pc_sampling_host_trap.csv")
    told = {row["Instruction"] for row in samples}
    assert told - {"hot", "warm", "look"}
    assert "" not in told


def test_the_parser_of_rocprofv3_reads_it(run: Run, tmp_path: Path):
    """The recording has the launches, the core group as its agent, and the hot line first."""
    run(count=COUNT)
    recording = read_trace(tmp_path / "trace")
    assert {launch.kernel: launch.calls for launch in recording.launches} == {"warm": 3, "hot": 1}
    assert [agent.is_gpu for agent in recording.agents] == [False]
    hot = next(sites for sites in recording.sites if sites.kernel == "hot")
    assert hot.unit == "samples"
    assert "toy.c" in hot.sites[0].source


def test_without_sampling_launches_are_timed_alone(run: Run, tmp_path: Path):
    """A run for its times leaves no samples, so that their cost is in no duration."""
    run(sampling=False, count=COUNT)
    assert [path.name.partition("_")[2] for path in sorted((tmp_path / "trace").glob("*.csv"))] == [
        "agent_info.csv",
        "kernel_trace.csv",
    ]


def test_the_exit_code_is_the_commands(run: Run, tmp_path: Path):
    """A command that fails after its launches still leaves its trace."""
    done = run("fail")
    assert done.returncode == 3
    assert len(read_rows(tmp_path / "trace", "_kernel_trace.csv")) == 4


def test_a_crash_is_told_as_its_signal(run: Run, tmp_path: Path):
    """A command killed by a signal ends with 128 + its number, and leaves no kernel trace."""
    assert run("crash").returncode == 128 + 6
    assert not list((tmp_path / "trace").glob("*kernel_trace.csv"))


def test_a_forked_child_tells_its_own_launches(run: Run, tmp_path: Path):
    """Nothing of the parent's is counted twice."""
    run("fork")
    rows = {
        path.name: len(path.read_text().splitlines()) - 1 for path in (tmp_path / "trace").glob("*kernel_trace.csv")
    }
    assert sorted(rows.values()) == [1, 4]


def test_a_command_without_launches_leaves_only_its_agents(tmp_path: Path):
    """As with rocprofv3, a domain with no records has no file."""
    done = subprocess.run(trace_argv(["true"], tmp_path / "trace"), check=False)
    assert done.returncode == 0
    assert [path.name.partition("_")[2] for path in (tmp_path / "trace").glob("*.csv")] == ["agent_info.csv"]


def test_a_command_that_is_not_there_is_told(tmp_path: Path):
    """No traceback: what could not be started, and 127 as a shell says it."""
    argv = trace_argv(["/nowhere/program"], tmp_path / "trace")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert done.stderr.startswith("host tracer: cannot start /nowhere/program: ")


def test_the_command_keeps_to_its_cpus(run: Run, tmp_path: Path):
    """Bound to one CPU it runs there, and the trace's agent is that CPU."""
    cpu = max(os.sched_getaffinity(0))
    done = run(KERNEL_OPT_HOST_CPUS=str(cpu))
    assert done.stdout == f"mask [{cpu}]\n"
    (agent,) = read_rows(tmp_path / "trace", "_agent_info.csv")
    assert (agent["Agent_Type"], agent["Node_Id"], agent["Cpu_Cores_Count"]) == ("CPU", str(cpu), "1")
    assert {row["Agent_Id"] for row in read_rows(tmp_path / "trace", "_kernel_trace.csv")} == {f"Agent {cpu}"}


def test_the_sampler_is_compiled_once(tmp_path: Path):
    """The second call takes the file of the first, in the cache and nowhere else."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    first = build_sampler(environ)
    written = first.stat().st_mtime_ns
    assert build_sampler(environ) == first
    assert first.stat().st_mtime_ns == written
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [first]


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path):
    """A host with none is told so before anything is run."""
    with pytest.raises(UsageError, match=r"needs a C compiler and finds none; install gcc, clang or the ziglang wheel"):
        find_compiler({"PATH": str(tmp_path)})


@pytest.mark.parametrize("compiler", ["/nowhere/cc", "false"])
def test_a_compiler_that_does_not_work_is_told(tmp_path: Path, compiler: str):
    """The error names the compiler and what to do."""
    with pytest.raises(UsageError, match=r"C compiler|with false.*set CC"):
        build_sampler({**os.environ, "CC": compiler, "XDG_CACHE_HOME": str(tmp_path)})


def test_cc_from_the_environment_comes_first():
    """CC may hold a command with arguments."""
    assert find_compiler({"CC": "ccache gcc"}) == ["ccache", "gcc"]


def test_the_wrapper_leaves_tables_and_passes_the_code_on(library: Path, tmp_path: Path):
    """The program behind the argv, called directly: tables are there, raw notes are not."""
    out = tmp_path / "trace"
    argv = trace_argv([sys.executable, str(PROGRAM), str(library), "1000", "fail"], out)
    assert main(argv[argv.index("--sampler") :]) == 3
    assert sorted(path.name.partition("_")[2] for path in out.glob("*.csv"))[:2] == [
        "agent_info.csv",
        "kernel_trace.csv",
    ]
    assert not list(out.glob("*.raw"))


@pytest.mark.parametrize(("words", "code"), [(["true"], 70), (["false"], 1), (["/nowhere/program"], 127)])
def test_a_trace_that_cannot_be_read_back_is_told(tmp_path: Path, words: list[str], code: int):
    """An incomplete trace of a command that went well is an error of the tracer; else the command's code stands."""
    argv = trace_argv(words, tmp_path)
    (tmp_path / "7.raw").write_text("T 5000000 1\n")
    assert main(argv[argv.index("--sampler") :]) == code

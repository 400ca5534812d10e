"""A tracer that hangs with everything written is let go of; any other is waited for."""

import os
import subprocess
from pathlib import Path

import pytest

from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.edges.tracers.rocprofv3_guard import HUNG, QUIET_VARIABLE, guard_argv
from kernel_opt.model.settings import PlatformSettings
from tests.edges.tracers.trace_files import START, row, text
from tests.edges.waiting import wait_until

ENDS = [("exit 0", 0), ("exit 3", 3), ("kill -SEGV $$", 139), ("kill -9 $$", 137)]
WHOLE = text(22, [row(22, "k", START, START + 5)])


def run(folder: Path, script: str, quiet_s: float = 0.3) -> subprocess.CompletedProcess[str]:
    """Run a shell program as the tracer; it finds its folder in FOLDER and a whole trace in WHOLE."""
    environ = {**os.environ, QUIET_VARIABLE: str(quiet_s), "FOLDER": str(folder), "WHOLE": WHOLE}
    argv = guard_argv(["sh", "-c", script], folder)
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=60)


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(("script", "code"), ENDS)
def test_its_end_is_passed_on(tmp_path: Path, script: str, code: int) -> None:
    """An exit code as it is, a signal as a shell tells it, and what it printed."""
    done = run(tmp_path, f"echo out; echo err >&2; {script}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "out\n", "err\n")


def test_a_hang_with_whole_results_is_ended(tmp_path: Path) -> None:
    """With all that it started, and its files stay."""
    write = 'mkdir -p "$FOLDER/host"; printf %s "$WHOLE" > "$FOLDER/host/1_kernel_trace.csv"'
    script = write + '; sleep 600 & echo $! > "$FOLDER.pid"; sleep 600'
    done = run(tmp_path / "trace", script)
    assert done.returncode == HUNG
    assert "hung after its results were whole" in done.stderr
    assert (tmp_path / "trace/host/1_kernel_trace.csv").read_text() == WHOLE
    left = int((tmp_path / "trace.pid").read_text())
    wait_until(lambda: not Path(f"/proc/{left}").exists() or is_zombie(left), "what it started is gone")


def test_a_tracer_without_whole_results_is_waited_for(tmp_path: Path) -> None:
    """A command that computes in silence for long is not taken for a hang, nor is one whose trace is cut."""
    script = 'mkdir -p "$FOLDER"; printf %s "half" > "$FOLDER/1_kernel_trace.csv"; sleep 1; exit 5'
    assert run(tmp_path / "trace", script, quiet_s=0.1).returncode == 5


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    """It is said as a shell says it."""
    none = str(tmp_path / "none")
    done = subprocess.run(guard_argv([none], tmp_path), capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (127, f"{none} cannot be started: No such file or directory\n")


def test_the_platform_runs_the_tracer_under_guard(tmp_path: Path) -> None:
    """Deep looks keep to the known kernels, and the ladder of the platform begins with the most telling."""
    tracer = open_kit(PlatformSettings(name="rocm")).tracer
    assert tracer is not None
    assert tracer.deep_rungs == (Rung.THREAD, Rung.COUNTERS)
    deep = tracer.trace_argv(["python", "x.py"], tmp_path, Rung.THREAD, ["pa_main", "k(int)"])
    place = deep.index("rocprofv3")
    assert deep[:place] == guard_argv([], tmp_path)
    assert deep[deep.index("--kernel-include-regex") + 1] == r"^pa_main$|^k\(int\)$"
    flat = tracer.trace_argv(["python", "x.py"], tmp_path, Rung.KERNEL, ["pa_main"])
    assert "--kernel-include-regex" not in flat
    assert flat[-3:] == ["--", "python", "x.py"]

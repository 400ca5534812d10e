"""Who outlives its kill, at each sandbox level: ``python -m tests.cheats.survivors`` prints the table.

The hostile tree has a plain child, one in its own session, one double-forked, one double-forked with a new program and
an empty environment, and one that forks itself anew every 20 ms; all are deaf to TERM, INT and HUP.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.containment import SUBREAPER
from kernel_opt.edges.process import run_contained
from kernel_opt.model.sandbox import SandboxLevel
from tests.edges.walls import ALL_LEVELS, open_folder

EDGES = Path(__file__).resolve().parents[1] / "edges"
HOSTILE = str(EDGES / "hostile.py")
LIMIT_S = 30.0
"""For everybody to be gone after a kill; all are gone in a thousandth of it."""


def main() -> int:
    """Print survivors and milliseconds for each level and each way to end; exit code 1 when anybody survived."""
    print(f"{'level':<24}{'how it ends':<36}{'survivors':>9}{'ms':>8}")
    worst = 0
    for level, is_bare in WAYS:
        held = f"{level.value}, subreaper only" if is_bare else f"{level.value}"
        for name, act in ENDINGS.items():
            with tempfile.TemporaryDirectory() as folder:
                survivors, took_ms = act(Path(folder).resolve(), level, is_bare)
            worst = max(worst, survivors)
            print(f"{held:<24}{name:<36}{survivors:>9}{took_ms:>8.0f}", flush=True)
    return int(worst > 0)


def end_well(base: Path, level: SandboxLevel, is_bare: bool) -> tuple[int, float]:
    """Leave five kinds of processes behind; return who is left, and how long the sweep took."""
    return _run(base, level, "leave", LIMIT_S, is_bare)


def time_out(base: Path, level: SandboxLevel, is_bare: bool) -> tuple[int, float]:
    """Stay until the time limit."""
    return _run(base, level, "stay", 1.0, is_bare)


def _run(base: Path, level: SandboxLevel, how: str, limit_s: float, is_bare: bool) -> tuple[int, float]:
    mark = f"kernel-opt-survivor-{os.getpid()}-{level.value}-{how}"
    began = time.monotonic()
    ended = run_contained(
        [sys.executable, HOSTILE, how, mark],
        cwd=base,
        env={"PATH": os.environ["PATH"]},
        log=base / "log",
        timeout_s=limit_s,
        sandbox=open_folder(base, level),
        containment=SUBREAPER if is_bare else None,
    )
    took_ms = (time.monotonic() - began - ended.wall_s) * 1000
    return len(living(mark)), took_ms


def kill_parent(base: Path, level: SandboxLevel, is_bare: bool) -> tuple[int, float]:
    """Kill whoever runs the hostile tree by SIGKILL; return who is left, and how long it took to go."""
    mark = f"kernel-opt-survivor-{os.getpid()}-{level.value}-killed"
    log = base / "log"
    environ = {**os.environ, "PYTHONPATH": str(EDGES.parents[1])}
    argv = [sys.executable, str(EDGES / "walled_parent.py"), level.value, str(base), mark]
    parent = subprocess.Popen([*argv, *(["subreaper"] if is_bare else [])], env=environ)
    _wait(lambda: log.exists() and b"ready" in log.read_bytes())
    began = time.monotonic()
    parent.kill()
    parent.wait()
    _wait(lambda: not living(mark))
    return len(living(mark)), (time.monotonic() - began) * 1000


def _wait(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + LIMIT_S
    while not is_so() and time.monotonic() < until:
        time.sleep(0.002)


def living(mark: str) -> list[int]:
    """Return every process of the hostile tree: its command line, or that of the one it was forked from, has the mark.

    The one with a new program and an empty environment takes the mark along as an argument.
    """
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (path / "cmdline").read_bytes() and int(path.name) != os.getpid():
                found.append(int(path.name))
        except OSError:
            continue
    return found


WAYS = [(level, False) for level in ALL_LEVELS]
WAYS += [(level, True) for level in ALL_LEVELS if level is not SandboxLevel.S3]
"""Level, and whether it is to do without a PID namespace, as on a machine that allows none."""
ENDINGS: dict[str, Callable[[Path, SandboxLevel, bool], tuple[int, float]]] = {
    "the child ends, its tree stays": end_well,
    "time limit": time_out,
    "kill -9 of whoever started it": kill_parent,
}


if __name__ == "__main__":
    sys.exit(main())

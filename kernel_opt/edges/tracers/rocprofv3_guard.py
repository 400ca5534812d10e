"""Runs the tracer and lets go of it when it hangs with everything written; started as a program around it.

The tracer finalises inside the traced process, and is known to hang there: without this every run would last until
its time limit.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.tracers.failures import has_whole_results

HUNG = 124
"""Exit code when the tracer was ended: what the command's own was is not known then."""
QUIET_VARIABLE = "KERNEL_OPT_TRACER_QUIET_S"
_QUIET_S = 30.0
"""Seconds without a change after whole results: a tracer writes megabytes a second, and rests for no half minute."""
_TICKS = 60
"""Looks in that time: two a second disturb no measurement."""
_ROOT = Path(__file__).resolve().parents[3]
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from kernel_opt.edges.tracers.rocprofv3_guard import main; sys.exit(main(sys.argv[1:]))"
)


def guard_argv(argv: Sequence[str], out_dir: Path) -> list[str]:
    """Return the command that runs a tracer's command under guard."""
    return [sys.executable, "-I", "-S", "-c", _BOOT, str(_ROOT), str(out_dir), *argv]


def main(arguments: Sequence[str]) -> int:
    """Run the command after the folder; return its exit code, as a shell would tell it."""
    folder, argv = Path(arguments[0]), arguments[1:]
    quiet_s = float(os.environ.get(QUIET_VARIABLE, _QUIET_S))
    try:
        # A group of its own, so that the whole of it can be ended; who watches over us ends what is left.
        child = subprocess.Popen(argv, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be started: {error.strerror}\n")
        return 127
    code = _wait(child, folder, quiet_s)
    return 128 - code if code < 0 else code


def _wait(child: "subprocess.Popen[bytes]", folder: Path, quiet_s: float) -> int:
    seen, quiet = -1, 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(quiet_s / _TICKS)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
        is_still = size == seen and has_whole_results(folder)
        seen, quiet = size, quiet + 1 if is_still else 0
        if quiet >= _TICKS:
            sys.stderr.write("kernel-opt: the tracer hung after its results were whole, and was ended\n")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return HUNG

"""Reading a trace without being at its mercy: in a process of its own, bounded in time and memory."""

import gc
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from kernel_opt.edges.tracers.refusal import refuse
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.recording import Recording

READ_TIMEOUT_S = 300.0
"""A gigabyte takes some seconds, on a loaded host a minute."""
READ_MEMORY_MIB = 1024
"""Address space, of which a quarter is ever used: what breaks it is no trace."""


class _Answer(msgspec.Struct):
    recording: Recording | None = None
    refused: str = ""
    mend: str = ""


def read_trace(
    folder: Path,
    *,
    since_s: float = 0.0,
    kernels: Iterable[str] = (),
    timeout_s: float = READ_TIMEOUT_S,
    memory_mib: int = READ_MEMORY_MIB,
) -> Recording:
    """Read what a tracer left in ``folder`` (or in one file).

    Dispatches are listed for the named ``kernels``, all when none is named. Files older than ``since_s`` (wall clock)
    are left alone. Raises ReadFailedError with file, line and reason when something is not what it claims to be.
    """
    argv = [sys.executable, "-m", "kernel_opt.edges.tracers.read", str(folder), "--memory-mib", str(memory_mib)]
    argv += ["--since-s", str(since_s), *(part for name in kernels for part in ("--kernel", name))]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise refuse(folder, None, f"not read within {timeout_s:.0f} s") from None
    except OSError as error:
        raise InfrastructureError(f"the reader of traces does not start: {error.strerror}") from error
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.MsgspecError:
        tail = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = f"the reader ended with code {done.returncode}: {' '.join(tail)}"
        raise refuse(folder, None, reason) from None
    if answer.recording is None:
        raise ReadFailedError(answer.refused, answer.mend)
    return answer.recording


if __name__ == "__main__":
    from kernel_opt.edges.tracers.reader import main

    gc.disable()  # No cycles are made; looking for them among a million rows takes a fifth of the time.
    sys.exit(main())

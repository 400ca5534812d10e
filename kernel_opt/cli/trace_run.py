"""Running one command under the tracer for a person: an idle card, a fresh folder, a time limit, nothing left alive."""

import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.gpus.rocm import open_platform
from kernel_opt.edges.idle_card import hold_idle_card
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.edges.tracers import host, rocprofv3
from kernel_opt.edges.tracers.failures import explain_failure, has_whole_results
from kernel_opt.edges.tracers.rocprofv3 import Rung, next_rung
from kernel_opt.model.errors import InfrastructureError, UsageError
from kernel_opt.rules.card.gate import Thresholds

_FINALIZER_TICKS = 60
"""Half-seconds without a change after whole results: the tracer hangs in its finalizer, its files are good."""


@contextmanager
def open_folder(wished: Path | None) -> Generator[Path]:
    """Give a fresh folder for the tracer's files: the wished one, which stays, or one that goes away."""
    if wished is None:
        with tempfile.TemporaryDirectory(prefix="kernel-opt-trace-") as folder:
            yield Path(folder)
        return
    try:
        wished.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{wished} exists", "name a new folder: older files would be taken for this run's") from None
    yield wished


def run_traced(
    command: Sequence[str],
    folder: Path,
    *,
    platform: str,
    is_deep: bool,
    is_gated: bool,
    kernels: Sequence[str],
    timeout_s: float,
) -> str:
    """Run the command traced, down the ladder until something is left; return a note about what went wrong before."""
    if platform == "host":
        ended = _run(host.trace_argv(command, folder, sampling=True), folder, os.environ, timeout_s)
        return "" if ended.exit_code == 0 else _complain(command, ended, folder)
    own = nullcontext(dict(os.environ))
    gated = hold_idle_card(open_platform({}), Thresholds(), SystemClock(), os.environ)
    with gated if is_gated else own as environ:
        return _descend(command, folder, environ, Rung.THREAD if is_deep else Rung.KERNEL, kernels, timeout_s)


def _descend(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    rung: Rung,
    kernels: Sequence[str],
    timeout_s: float,
) -> str:
    notes: list[str] = []
    while rung is not Rung.SCRIPT:
        part = folder / rung.value
        part.mkdir()
        ended = _run(
            rocprofv3.trace_argv(command, part, rung=rung, kernel_regex="|".join(kernels)), part, environ, timeout_s
        )
        if has_whole_results(part):
            if ended.exit_code != 0:
                notes.append(f"the results are whole, though {_say_end(ended)}")
            return "; ".join(notes)
        why = explain_failure(_log(part)) or _say_end(ended)
        notes.append(f"no {rung.value} trace: {why}")
        rung = next_rung(rung) or Rung.SCRIPT
    raise InfrastructureError(f"nothing was traced; {'; '.join(notes)}", f"see the log with --out, or run {command[0]}")


def _run(argv: Sequence[str], folder: Path, environ: Mapping[str, str], timeout_s: float) -> Ended:
    """Run to the end, but do not wait for a tracer that has written all and hangs."""
    quiet = 0
    seen = -1

    def watch() -> StopWish | None:
        nonlocal quiet, seen
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        quiet, seen = (quiet + 1 if size == seen and has_whole_results(folder) else 0), size
        return StopWish("the tracer hangs after its results") if quiet >= _FINALIZER_TICKS else None

    return run_contained(
        argv,
        cwd=Path.cwd(),
        env=environ,
        log=folder / "tracer.log",
        timeout_s=timeout_s,
        interrupt_first=True,
        on_tick=watch,
    )


def _log(folder: Path) -> str:
    try:
        return (folder / "tracer.log").read_text(errors="replace")
    except OSError:
        return ""


def _say_end(ended: Ended) -> str:
    if ended.timed_out:
        return f"it was ended after {ended.wall_s:.0f} s"
    if ended.stopped_by is not None:
        return ended.stopped_by.reason
    return f"it died of signal {ended.signal}" if ended.signal else f"it ended with code {ended.exit_code}"


def _complain(command: Sequence[str], ended: Ended, folder: Path) -> str:
    if has_whole_results(folder):
        return f"the results are whole, though {_say_end(ended)}"
    tail = " ".join(_log(folder).split()[-40:])
    raise InfrastructureError(
        f"{command[0]} left no trace: {_say_end(ended)}: {tail}", "run it without the tracer first"
    )

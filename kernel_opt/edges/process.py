"""Running a child so that, when the call returns, nothing of it is alive."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_opt.edges.containment import Containment, probe_containment
from kernel_opt.edges.sandbox import build_walls, limits_of
from kernel_opt.edges.supervisor_link import SupervisorLink
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.sandbox import Sandbox

LOG_CAP_BYTES = 16 << 20
"""16 MiB: the longest honest log seen is a hundredth of it, and a flood of it can still be opened."""
KILL_GRACE_S = 10.0
"""Seconds a killed process may take to go: one that waits for a broken driver (state D) may never go."""
_STOP_LIMIT_S = 60.0
"""Seconds after which a supervisor that has not brought a child to its end is itself at fault."""


@dataclass(frozen=True, slots=True)
class StopWish:
    """Why a running child is to be ended before its time."""

    reason: str
    at_once: bool = False
    """Kill without any grace, also a child that is asked by SIGINT first otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended. Whatever it started is dead, but for ``leaked_pids``."""

    exit_code: int | None
    """None when a signal ended it, or when it would not die."""
    signal: int | None
    timed_out: bool
    stalled: bool
    stopped_by: StopWish | None
    wall_s: float
    log_bytes: int
    """What it printed; the log holds less of it when ``log_truncated``."""
    log_truncated: bool
    survivors_killed: int
    """Processes it had left behind."""
    leaked_pids: tuple[int, ...]
    """Processes that SIGKILL did not end in time: nothing can, short of the driver letting go of them."""


def run_contained(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    timeout_s: float,
    stdin: Path | None = None,
    log_cap_bytes: int = LOG_CAP_BYTES,
    no_output_s: float | None = None,
    max_file_bytes: int | None = None,
    interrupt_first: bool = False,
    kill_grace_s: float = KILL_GRACE_S,
    on_tick: Callable[[], StopWish | None] | None = None,
    tick_s: float = 0.5,
    pass_fds: Sequence[int] = (),
    containment: Containment | None = None,
    sandbox: Sandbox | None = None,
) -> Ended:
    """Run a command to its end, or end it, and leave nothing of it alive.

    Its output goes to ``log``, of which at most ``log_cap_bytes`` are kept, the beginning and the end. It is killed
    after ``timeout_s``, after ``no_output_s`` without output, when ``on_tick`` (called about every ``tick_s``) returns
    a wish, and when this process ends in any way. ``sandbox`` tells what it may see and write; without one it may what
    we may, and is only held together. ``interrupt_first`` gives it SIGINT and 10 s, then SIGTERM and 5 s.
    Raises InfrastructureError when it cannot be started or its supervisor is lost.
    """
    # What kills a child with its parent kills it with the very thread that started it: that is this one, which waits.
    shown = (str(cwd), *((str(stdin.absolute()),) if stdin is not None else ()))
    walls = None if sandbox is None else build_walls(sandbox, argv, env, shown, str(log))
    spec: dict[str, Any] = {
        "argv": list(argv),
        "cwd": str(cwd),
        "env": dict(env),
        "stdin": None if stdin is None else str(stdin.absolute()),
        "timeout_s": timeout_s,
        "log_cap_bytes": log_cap_bytes,
        "no_output_s": no_output_s,
        "interrupt_first": interrupt_first,
        "kill_grace_s": kill_grace_s,
        **limits_of(walls, max_file_bytes),
    }
    chosen = (walls.containment if walls else None) or containment or probe_containment()
    link = SupervisorLink(chosen, spec, log, pass_fds)
    watch = _Watch(link, time.monotonic() + timeout_s + kill_grace_s + _STOP_LIMIT_S, on_tick, tick_s)
    with ExitStack() as undo:
        # Also when an exception (a signal's, say) passes through: nothing that was started is left behind.
        undo.callback(link.end, kill_grace_s, None)
        report = watch.wait()
        undo.pop_all()
    leaked = link.end(kill_grace_s, report)
    return _tell_end(argv[0], report, watch.wish, leaked)


class _Watch:
    """Waiting for a supervisor's report, with ticks and stop wishes on the way."""

    def __init__(
        self, link: SupervisorLink, limit: float, on_tick: Callable[[], StopWish | None] | None, tick_s: float
    ) -> None:
        self.wish: StopWish | None = None
        self._link = link
        self._limit = limit
        self._on_tick = on_tick
        self._tick_s = tick_s

    def wait(self) -> dict[str, Any]:
        """Return the report."""
        next_tick = time.monotonic() + self._tick_s
        while True:
            report = self._link.hear(next_tick - time.monotonic())
            if report is not None:
                return report
            now = time.monotonic()
            if now > self._limit:
                raise InfrastructureError("the supervisor of a child did not bring it to its end")
            if now >= next_tick:
                self._tick()
                next_tick = time.monotonic() + self._tick_s

    def _tick(self) -> None:
        """Ask whether to stop, and pass the wish on; a second one may still turn a request into a kill."""
        wish = self._on_tick() if self._on_tick is not None else None
        if wish is None or (self.wish is not None and (self.wish.at_once or not wish.at_once)):
            return
        self._link.order(b"K" if wish.at_once else b"S")
        self.wish = wish


def _tell_end(name: str, report: Mapping[str, Any], wish: StopWish | None, leaked: tuple[int, ...]) -> Ended:
    """Put a supervisor's report into our words."""
    if "start_error" in report:
        raise InfrastructureError(f"{name} could not be started: {report['start_error']}", "check the command and PATH")
    status: int | None = report["status"]
    exit_code = signal = None
    if status is not None:
        code = os.waitstatus_to_exitcode(status)
        exit_code, signal = (code, None) if code >= 0 else (None, -code)
    return Ended(
        exit_code=exit_code,
        signal=signal,
        timed_out=report["timed_out"],
        stalled=report["stalled"],
        stopped_by=wish,
        wall_s=report["wall_s"],
        log_bytes=report["log_bytes"],
        log_truncated=report["log_truncated"],
        survivors_killed=report["survivors"],
        leaked_pids=leaked,
    )

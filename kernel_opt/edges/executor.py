"""Who carries out measuring sessions: here, a worker process on this host."""

import contextlib
import enum
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, RESULT, WORKER, WORKER_LOG, WorkerMark
from kernel_opt.edges.session_records import SessionRequest, SessionResult
from kernel_opt.model.errors import InfrastructureError

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_CANCEL_LIMIT_S = 15.0
"""Seconds for a worker to end its run and let go of the card; killing it does both as well, without a result."""
_NAP_S = 0.01


class SessionState(enum.StrEnum):
    """Where a session stands, seen from outside."""

    ABSENT = "absent"
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"


class LocalExecutor:
    """Starts one worker process per session; a session is known by its directory, and there is one per attempt."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._workers: dict[Path, subprocess.Popen[bytes]] = {}

    def submit(self, directory: Path, request: SessionRequest) -> None:
        """Start a session; one that runs or has ended is left as it is, so submitting twice is harmless."""
        if self.poll(directory) is not SessionState.ABSENT:
            return
        (directory / "orders").mkdir(parents=True, exist_ok=True)
        write_record(directory / REQUEST, request)
        paths = (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))
        with (directory / WORKER_LOG).open("wb") as log:
            try:
                self._workers[directory] = subprocess.Popen(
                    [self._python, "-S", "-P", "-m", "kernel_opt.worker", str(directory)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                    start_new_session=True,  # a Ctrl-C at the terminal is for the daemon to pass on
                )
            except OSError as error:
                raise InfrastructureError(f"the worker cannot be started: {error}") from error

    def poll(self, directory: Path) -> SessionState:
        """Tell where a session stands; a result is believed before anything a process table says."""
        if self.read_result(directory) is not None:
            return SessionState.DONE
        if not (directory / REQUEST).exists():
            return SessionState.ABSENT
        if self._is_alive(directory):
            return SessionState.RUNNING
        return SessionState.LOST if self.read_result(directory) is None else SessionState.DONE

    def cancel(self, directory: Path) -> None:
        """End a session: ask by the marker file, then kill; returns when its worker is gone. Harmless when it is."""
        with contextlib.suppress(FileNotFoundError):
            (directory / CANCEL).touch()
        if not self._wait_gone(directory, _CANCEL_LIMIT_S):
            self._kill(directory)
            if not self._wait_gone(directory, _CANCEL_LIMIT_S):
                raise InfrastructureError(f"the worker of {directory.name} cannot be killed", "it hangs in the driver")

    def adopt(self, sessions_dir: Path) -> dict[Path, SessionState]:
        """Tell where every session of an earlier daemon stands."""
        if not sessions_dir.is_dir():
            return {}
        return {directory: self.poll(directory) for directory in sorted(sessions_dir.iterdir()) if directory.is_dir()}

    def read_result(self, directory: Path) -> SessionResult | None:
        """Return the last word of a session, None as long as there is none."""
        return read_record(directory / RESULT, SessionResult)

    def wait_ended(self, directory: Path, limit_s: float) -> None:
        """Wait for a session that was told to end; cancel it when it does not."""
        if not self._wait_gone(directory, limit_s):
            self.cancel(directory)

    def _wait_gone(self, directory: Path, limit_s: float) -> bool:
        """Wait bounded until the worker is gone."""
        until = time.monotonic() + limit_s
        while self._is_alive(directory):
            if time.monotonic() > until:
                return False
            time.sleep(_NAP_S)
        self._workers.pop(directory, None)
        return True

    def _is_alive(self, directory: Path) -> bool:
        """Tell whether the worker lives: ours by its handle, an earlier daemon's by what it wrote of itself."""
        worker = self._workers.get(directory)
        if worker is not None:
            return worker.poll() is None
        return _find_living(directory) is not None

    def _kill(self, directory: Path) -> None:
        """Kill the worker; its children end with it."""
        worker = self._workers.get(directory)
        pid = worker.pid if worker is not None else _find_living(directory)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _find_living(directory: Path) -> int | None:
    """Return the PID of a worker that still is the very process that wrote its mark."""
    mark = read_record(directory / WORKER, WorkerMark)
    if mark is None or mark.boot_id != read_boot_id() or read_start_ticks(mark.pid) != mark.start_ticks:
        return None
    return mark.pid

"""Who carries out measuring sessions: here, a worker process on this host."""

import contextlib
import enum
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, RESULT, WORKER, WORKER_LOG, WorkerMark
from kernel_opt.edges.session_records import SessionRequest, SessionResult
from kernel_opt.edges.worker_process import WorkerProcess
from kernel_opt.model.errors import InfrastructureError

_CANCEL_LIMIT_S = 15.0
"""Seconds for a worker to end its run and let go of the card; killing it does both as well, without a result."""
_FIRST_NAP_S, _LONGEST_NAP_S = 0.001, 0.01
"""Waiting for the end of a session starts eager, since a worker told to end needs a few milliseconds."""


class SessionState(enum.StrEnum):
    """Where a session stands, seen from outside."""

    ABSENT = "absent"
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"


class LocalExecutor:
    """Gives sessions to worker processes; a session is known by its directory, and there is one per attempt.

    A worker whose session ended well waits without a card for the next one, since starting it costs more than all the
    rest of a session. It waits at a pipe of ours, so it ends when we do.
    """

    def __init__(self, python: str = sys.executable, tell: Callable[[str], object] = lambda _: None) -> None:
        self._python = python
        self._tell = tell
        self._workers: dict[Path, WorkerProcess] = {}
        self._waiting: WorkerProcess | None = None

    def submit(self, directory: Path, request: SessionRequest) -> None:
        """Start a session; one that runs or has ended is left as it is, so submitting twice is harmless."""
        if self.poll(directory) is not SessionState.ABSENT:
            return
        (directory / "orders").mkdir(parents=True, exist_ok=True)
        write_record(directory / REQUEST, request)
        worker, self._waiting = self._waiting, None
        if worker is None or not worker.give(directory):
            worker = WorkerProcess(self._python, directory / WORKER_LOG)
            worker.give(directory)  # one that ends before it reads this is a lost session
        self._workers[directory] = worker

    def close(self) -> None:
        """Let the worker that waits for a session end, and see it end."""
        worker, self._waiting = self._waiting, None
        if worker is not None:
            worker.leave()

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
        """End a session: ask its worker, then kill it; returns when the session is over. Harmless when it is."""
        try:
            (directory / CANCEL).touch()
        except FileNotFoundError:
            pass  # there never was such a session
        except OSError as error:
            self._tell(f"session {directory.name} is ended by a signal, its marker cannot be made: {error}")
            self._signal(directory, signal.SIGTERM)
        if not self._wait_over(directory, _CANCEL_LIMIT_S):
            self._signal(directory, signal.SIGKILL)
            if not self._wait_over(directory, _CANCEL_LIMIT_S):
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
        if not self._wait_over(directory, limit_s):
            self.cancel(directory)

    def _wait_over(self, directory: Path, limit_s: float) -> bool:
        """Wait bounded until a session is over: its worker is gone, or has said that it waits for another one."""
        until = time.monotonic() + limit_s
        nap_s = _FIRST_NAP_S
        while self._is_alive(directory):
            result = self.read_result(directory)
            if result is not None and result.worker_stays:
                self._keep(directory)
                return True
            if time.monotonic() > until:
                return False
            time.sleep(nap_s)
            nap_s = min(2 * nap_s, _LONGEST_NAP_S)
        self._workers.pop(directory, None)
        return True

    def _keep(self, directory: Path) -> None:
        """Keep the worker of a session for the next; one is enough for us, who have one session at a time."""
        worker = self._workers.pop(directory, None)
        if worker is not None:
            self.close()
            self._waiting = worker

    def _is_alive(self, directory: Path) -> bool:
        """Tell whether the worker lives: ours by its handle, an earlier daemon's by what it wrote of itself."""
        worker = self._workers.get(directory)
        return worker.is_alive() if worker is not None else _find_living(directory) is not None

    def _signal(self, directory: Path, number: int) -> None:
        """Send the worker a signal; its children end with it."""
        worker = self._workers.get(directory)
        if worker is not None:
            worker.signal(number)
        elif (pid := _find_living(directory)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _find_living(directory: Path) -> int | None:
    """Return the PID of a worker that still is the very process that wrote its mark."""
    mark = read_record(directory / WORKER, WorkerMark)
    if mark is None or mark.boot_id != read_boot_id() or read_start_ticks(mark.pid) != mark.start_ticks:
        return None
    return mark.pid

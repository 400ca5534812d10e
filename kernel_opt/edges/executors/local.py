"""Sessions on this host: each is carried out by a worker process of ours."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.executors.executor import Capacity, SessionState, read_result
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, WORKER, WORKER_LOG, WorkerMark
from kernel_opt.edges.session_records import SessionRequest
from kernel_opt.edges.worker_process import WorkerProcess
from kernel_opt.model.errors import InfrastructureError

_CANCEL_LIMIT_S = 15.0
"""Seconds for a worker to end its run and let go of the card; killing it does both as well, without a result."""
_FIRST_NAP_S, _LONGEST_NAP_S = 0.001, 0.01
"""Waiting for the end of a session starts eager, since a worker told to end needs a few milliseconds."""


class LocalExecutor:
    """Gives sessions to worker processes.

    A worker whose session ended well waits without a card for the next one, since starting it costs more than all the
    rest of a session; there are never more of them than sessions have been open at once. They wait at pipes of ours,
    so they end when we do.
    """

    def __init__(self, python: str = sys.executable, tell: Callable[[str], object] = lambda _: None) -> None:
        self._python = python
        self._tell = tell
        self._lock = threading.Lock()  # held while workers change hands, never while one is waited for
        self._workers: dict[Path, WorkerProcess] = {}
        self._waiting: list[WorkerProcess] = []

    def submit(self, directory: Path, request: SessionRequest) -> None:
        """Start a session; one that was submitted before is left as it is, so submitting twice is harmless."""
        with self._lock:
            if self._find_state(directory) is not SessionState.ABSENT:
                return
            (directory / "orders").mkdir(parents=True, exist_ok=True)
            write_record(directory / REQUEST, request)
            self._workers[directory] = self._start(directory)

    def close(self) -> None:
        """Let the workers that wait for a session end, and see them end."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for worker in waiting:
            worker.leave()

    def poll(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where sessions stand; a result is believed before anything a process table says."""
        return {directory: self._find_state(directory) for directory in directories}

    def adopt(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where the sessions of an earlier daemon stand: their workers have left marks of themselves."""
        return self.poll(directories)

    def describe(self, directory: Path) -> str:
        """Say nothing: there is no engine but our own process table."""
        del directory
        return ""

    def leave(self, directory: Path) -> None:
        """End it: no session on this host is ever pending."""
        self.cancel(directory)

    def capacity(self) -> Capacity:
        """Tell that it is not known: each session looks by itself which cards are idle."""
        return Capacity(None, "each session looks for an idle card by itself")

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

    def wait_ended(self, directory: Path, limit_s: float) -> None:
        """Wait for a session that was told to end; cancel it when it does not."""
        if not self._wait_over(directory, limit_s):
            self.cancel(directory)

    def _start(self, directory: Path) -> WorkerProcess:
        """Give a session to a worker that waits, or to a new one; the lock is held."""
        while self._waiting:
            worker = self._waiting.pop()
            if worker.give(directory):
                return worker
        worker = WorkerProcess(self._python, directory / WORKER_LOG)
        worker.give(directory)  # one that ends before it reads this is a lost session
        return worker

    def _find_state(self, directory: Path) -> SessionState:
        if read_result(directory) is not None:
            return SessionState.DONE
        if not (directory / REQUEST).exists():
            return SessionState.ABSENT
        if self._is_alive(directory):
            return SessionState.RUNNING
        return SessionState.LOST if read_result(directory) is None else SessionState.DONE

    def _wait_over(self, directory: Path, limit_s: float) -> bool:
        """Wait bounded until a session is over: its worker is gone, or has said that it waits for another one."""
        until = time.monotonic() + limit_s
        nap_s = _FIRST_NAP_S
        while self._is_alive(directory):
            if _is_let_go(directory):
                self._keep(directory)
                return True
            if time.monotonic() > until:
                return False
            time.sleep(nap_s)
            nap_s = min(2 * nap_s, _LONGEST_NAP_S)
        with self._lock:
            self._workers.pop(directory, None)
        return True

    def _keep(self, directory: Path) -> None:
        """Keep the worker of a session for a later one."""
        with self._lock:
            worker = self._workers.pop(directory, None)
            if worker is not None:
                self._waiting.append(worker)

    def _is_alive(self, directory: Path) -> bool:
        """Tell whether the worker lives: ours by its handle, an earlier daemon's by what it wrote of itself."""
        worker = self._workers.get(directory)
        return worker.is_alive() if worker is not None else _find_living(directory) is not None

    def _signal(self, directory: Path, number: int) -> None:
        """Send the worker a signal; its children end with it. One that has gone on to another session is let be."""
        worker = self._workers.get(directory)
        if _is_let_go(directory):
            return
        if worker is not None:
            worker.signal(number)
        elif (pid := _find_living(directory)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _is_let_go(directory: Path) -> bool:
    """Tell whether the worker has ended this session and stays for another."""
    result = read_result(directory)
    return result is not None and result.worker_stays


def _find_living(directory: Path) -> int | None:
    """Return the PID of a worker that still is the very process that wrote its mark."""
    mark = read_record(directory / WORKER, WorkerMark)
    if mark is None or mark.boot_id != read_boot_id() or read_start_ticks(mark.pid) != mark.start_ticks:
        return None
    return mark.pid

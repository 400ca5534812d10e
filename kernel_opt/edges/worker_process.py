"""A worker's process as the daemon sees it: started, told which sessions to carry out, gone at the latest with us."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

from kernel_opt.model.errors import InfrastructureError

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_PROGRAM = "from kernel_opt.worker.__main__ import main; main()"
"""As ``-m kernel_opt.worker``, without what finds a module by its name."""
_LEAVING_S = 5.0
"""Seconds for a worker without a session to end: it has nothing to do but that."""


class WorkerProcess:
    """One process that carries out sessions one after the other; it reads their directories from a pipe of ours."""

    def __init__(self, python: str, log: Path) -> None:
        paths = (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))
        self._lock = threading.Lock()  # a descriptor closed twice could be somebody else's by then
        theirs, self._pipe = os.pipe()
        try:
            with log.open("wb") as said:
                self._child = subprocess.Popen(
                    [python, "-S", "-P", "-c", _PROGRAM],
                    stdin=theirs,
                    stdout=said,
                    stderr=said,
                    cwd="/",
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                    start_new_session=True,  # a Ctrl-C at the terminal is for the daemon to pass on
                )
        except OSError as error:
            os.close(self._pipe)
            raise InfrastructureError(f"the worker cannot be started: {error}") from error
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        """The worker's PID."""
        return self._child.pid

    def is_alive(self) -> bool:
        """Tell whether it lives; one that does not lets go of its pipe."""
        if self._child.poll() is None:
            return True
        self._close()
        return False

    def give(self, directory: Path) -> bool:
        """Tell it the next session; False when it has ended."""
        if not self.is_alive():
            return False
        try:
            os.write(self._pipe, json.dumps(os.fspath(directory)).encode("ascii") + b"\n")
        except BrokenPipeError:  # it has ended just now
            self.leave()
            return False
        return True

    def signal(self, number: int) -> None:
        """Send a signal; one that has ended needs none."""
        self._child.send_signal(number)

    def leave(self) -> None:
        """Let a worker without a session end, and see it end."""
        self._close()
        try:
            self._child.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()

    def _close(self) -> None:
        with self._lock:
            if self._pipe >= 0:
                os.close(self._pipe)
                self._pipe = -1

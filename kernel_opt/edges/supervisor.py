"""The program between us and a child: starts it, pumps its output, keeps its limits, and leaves nothing of it alive.

It is PID 1 of the child's PID namespace where there is one, else the subreaper of everything the child starts. Its
standard input and output are the lifeline: single letters come down it (``S`` stop, ``K`` kill), one line of JSON goes
up it at the end; when it closes, whoever started us is gone, and so is everything here at once. What to run is JSON in
the file descriptor named on the command line; standard error is the log. It imports little: it starts before every run.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time
from types import FrameType
from typing import Any

from kernel_opt.edges.supervisor_child import StartError, start_child
from kernel_opt.edges.supervisor_ending import Ending
from kernel_opt.edges.supervisor_log import CappedLog
from kernel_opt.edges.supervisor_sweep import become_subreaper, reap_all, sweep

_PIPE_BYTES = 1 << 20
"""The most an unprivileged process may ask for: a child that prints a lot seldom waits for us."""
_CHUNK_BYTES = 1 << 18


class Supervisor:
    """One child from its start to the end of everything it left behind."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._log = CappedLog(2, spec["log_cap_bytes"])
        self._output_read, self._output_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        self._child = 0
        self._status: int | None = None
        self._timed_out = self._stalled = False
        self._ending = Ending(spec["kill_grace_s"], interrupt_first=spec["interrupt_first"])
        self._deadline = self._quiet_until = 0.0

    def run(self) -> dict[str, Any]:
        """Carry the child to its end and return the report."""
        self._prepare()
        started = time.monotonic()
        self._deadline = started + self._spec["timeout_s"]
        self._child = start_child(self._spec, self._output_write)
        os.close(self._output_write)
        self._watch()
        wall_s = time.monotonic() - started
        survivors, leaked = sweep(self._spec["kill_grace_s"])
        self._pump()
        self._log.close()
        return {
            "status": self._status,
            "wall_s": wall_s,
            "timed_out": self._timed_out,
            "stalled": self._stalled,
            "survivors": survivors,
            "leaked": leaked,
            "log_bytes": self._log.total_bytes,
            "log_truncated": self._log.is_truncated,
        }

    def _prepare(self) -> None:
        """Make every event readable, so that one poll waits for all of them."""
        for fd in (0, self._output_read, self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        with contextlib.suppress(OSError):  # the user's allowance for pipes is spent: the usual 64 KiB does as well
            fcntl.fcntl(self._output_read, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)

    def _watch(self) -> None:
        """Wait for the child's own end, whatever brings it about."""
        self._hear()
        poll = select.poll()
        for fd in (0, self._output_read, self._wake_read):
            poll.register(fd, select.POLLIN)
        while self._status is None and not self._ending.is_given_up:
            wait_s = max(0.0, min(self._find_due() - time.monotonic(), 3600.0))
            ready = {fd for fd, _ in poll.poll(wait_s * 1000 + 1)}
            if self._output_read in ready and not self._pump():
                poll.unregister(self._output_read)
            if self._wake_read in ready:
                os.read(self._wake_read, _CHUNK_BYTES)
            if 0 in ready:
                self._obey()
            self._status = reap_all(self._child)[1]
            if time.monotonic() >= self._find_due():
                self._act()

    def _hear(self) -> None:
        """Note that the child showed life just now."""
        self._quiet_until = time.monotonic() + (self._spec["no_output_s"] or float("inf"))

    def _find_due(self) -> float:
        """Return when something is to be done even if nothing happens."""
        return self._ending.due if self._ending.has_begun else min(self._deadline, self._quiet_until)

    def _pump(self) -> bool:
        """Move what the child has printed to the log; False once nobody can print any more."""
        while True:
            try:
                chunk = os.read(self._output_read, _CHUNK_BYTES)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self._log.add(chunk)
            self._hear()
            if self._status is None and len(chunk) == _CHUNK_BYTES:
                return True  # a flood must not keep us from the clock

    def _obey(self) -> None:
        """Carry out what came down the lifeline; its end is ours."""
        orders = b""
        with contextlib.suppress(ConnectionResetError):
            orders = os.read(0, _CHUNK_BYTES)
        if not orders:
            sweep(self._spec["kill_grace_s"])
            os._exit(1)
        self._ending.begin(at_once=b"K" in orders)

    def _act(self) -> None:
        """Do what is due: a limit is reached, or a signal had no effect in its time."""
        if self._ending.has_begun:
            self._ending.go_on(self._child)
            return
        self._timed_out = time.monotonic() >= self._deadline
        self._stalled = not self._timed_out
        self._ending.begin()


def _note(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: a handler must exist for the wake-up pipe to be written to."""


def main() -> None:
    """Read the order, carry it out, report, and end without any clean-up of the interpreter."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    report_fd = os.dup(1)
    become_subreaper()
    with os.fdopen(int(sys.argv[1]), "rb") as order:
        spec = json.load(order)
    try:
        report = Supervisor(spec).run()
    except StartError as error:
        report = {"start_error": str(error)}
    with contextlib.suppress(BrokenPipeError):  # whoever started us has gone just now: all is swept, nobody to tell
        os.write(report_fd, json.dumps(report).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    main()

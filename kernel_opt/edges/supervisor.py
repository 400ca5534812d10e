"""Between us and a child: starts it, pumps its output, keeps its limits, and leaves nothing of it alive."""

import contextlib
import fcntl
import os
import select
import signal
import time
from types import FrameType

from kernel_opt.edges.supervisor_child import ChildSpec, start_child
from kernel_opt.edges.supervisor_ending import Ending
from kernel_opt.edges.supervisor_log import CappedLog
from kernel_opt.edges.supervisor_sweep import count_below, reap_all, sweep

_PIPE_BYTES = 1 << 20
"""The most an unprivileged process may ask for: a child that prints a lot seldom waits for us."""
_CHUNK_BYTES = 1 << 18
_COUNT_S = 0.2
"""Between two counts of the child's processes: a fork bomb makes some thousands meanwhile, which a machine bears."""

Report = dict[str, int | float | None]
"""How the child ended: plain numbers, so that they need no library to become JSON."""


class Supervisor:
    """One child from its start to the end of everything it left behind."""

    def __init__(self, spec: ChildSpec) -> None:
        self._spec = spec
        self._log = CappedLog(2, spec.log_cap_bytes)
        self._output_read, self._output_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        self._child = 0
        self._status: int | None = None
        self._timed_out = self._stalled = self._is_swarm = False
        self._ending = Ending(spec.kill_grace_s, interrupt_first=spec.interrupt_first)
        self._deadline = self._quiet_until = 0.0
        self._next_count = float("inf")

    def run(self) -> Report:
        """Carry the child to its end and return the report."""
        self._prepare()
        started = time.monotonic()
        self._deadline = started + self._spec.timeout_s
        self._child = start_child(self._spec, self._output_write)
        os.close(self._output_write)
        self._watch()
        wall_s = time.monotonic() - started
        survivors, leaked = sweep(self._spec.kill_grace_s)
        self._pump()
        if self._is_swarm:
            self._log.add(b"\n[ended: it had started more than %d processes]\n" % (self._spec.max_processes or 0))
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
        if self._spec.max_processes is not None:
            self._next_count = time.monotonic() + _COUNT_S
        poll = select.poll()
        for fd in (0, self._output_read, self._wake_read):
            poll.register(fd, select.POLLIN)
        while self._status is None and not self._ending.is_given_up:
            wait_s = max(0.0, min(min(self._find_due(), self._next_count) - time.monotonic(), 3600.0))
            ready = {fd for fd, _ in poll.poll(wait_s * 1000 + 1)}
            if self._output_read in ready and not self._pump():
                poll.unregister(self._output_read)
            if self._wake_read in ready:
                os.read(self._wake_read, _CHUNK_BYTES)
            if 0 in ready:
                self._obey()
            self._status = reap_all(self._child)[1]
            self._count()
            if time.monotonic() >= self._find_due():
                self._act()

    def _count(self) -> None:
        """End a child that has started too many processes."""
        if time.monotonic() < self._next_count:
            return
        self._next_count = time.monotonic() + _COUNT_S
        if count_below() > (self._spec.max_processes or 0):
            self._is_swarm, self._next_count = True, float("inf")
            self._ending.begin(at_once=True)

    def _hear(self) -> None:
        """Note that the child showed life just now."""
        self._quiet_until = time.monotonic() + (self._spec.no_output_s or float("inf"))

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
            sweep(self._spec.kill_grace_s)
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

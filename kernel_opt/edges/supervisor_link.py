"""Our end of a supervisor: starting it, giving it orders, hearing its report, and making sure of its end."""

import contextlib
import json
import marshal
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from kernel_opt.edges.containment import Containment
from kernel_opt.edges.process_tree import find_descendants, kill_tree, read_parent, read_start_ticks
from kernel_opt.edges.supervisor_sweep import become_subreaper
from kernel_opt.model.errors import SupervisorLostError

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_PROGRAM = "from kernel_opt.edges.supervisor_main import main; main()"
"""``-m`` would find the module by its name, which takes a tenth of the whole start."""
_END_LIMIT_S = 5.0
"""Seconds for a supervisor to be gone after its report: it has nothing left to do but end."""
_LEAK_LIMIT_S = 0.2
"""The same when something unkillable is left: its namespace cannot end before it does."""
_ABANDONED: list[subprocess.Popen[bytes]] = []
"""Wrappers of trees that would not die, kept so that nobody ever waits for them."""


class SupervisorLink:
    """One supervisor with its wrapper, from start to end."""

    def __init__(self, containment: Containment, spec: dict[str, Any], log: Path, pass_fds: Sequence[int]) -> None:
        self._is_namespace = containment.is_namespace
        self._heard = b""
        self._neighbours: frozenset[int] = frozenset()
        if not self._is_namespace:
            become_subreaper()  # of what a supervisor leaves that is killed by its own child
            self._neighbours = frozenset(find_descendants(os.getpid()))
        # A socket and not a pipe: a hostile child could open the other end of a pipe through /proc and keep it alive.
        self._lifeline, theirs = socket.socketpair()
        spec_fd = os.memfd_create("order")
        try:
            with os.fdopen(os.dup(spec_fd), "wb") as order:
                marshal.dump(dict(spec), order)  # both ends are one interpreter
            os.lseek(spec_fd, 0, os.SEEK_SET)
            self._wrapper = _start(containment.prefix, spec_fd, theirs.fileno(), log, pass_fds)
        except OSError:
            self._lifeline.close()
            raise
        finally:
            theirs.close()
            os.close(spec_fd)

    def hear(self, wait_s: float) -> dict[str, Any] | None:
        """Wait a while for the report; raise InfrastructureError when the supervisor ended without one."""
        poll = select.poll()
        poll.register(self._lifeline, select.POLLIN)
        if not poll.poll(max(0.0, wait_s) * 1000):
            return None
        piece = b""
        with contextlib.suppress(ConnectionResetError):  # it ended with an order of ours unread
            piece = self._lifeline.recv(1 << 16)
        self._heard += piece
        if self._heard.endswith(b"\n"):
            return cast(dict[str, Any], json.loads(self._heard))
        if not piece:
            raise SupervisorLostError("the supervisor of a child ended before the child did")
        return None

    def order(self, letter: bytes) -> None:
        """Send ``S`` (stop) or ``K`` (kill); one that has just ended needs neither."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._lifeline.send(letter)

    def end(self, grace_s: float, report: Mapping[str, Any] | None) -> tuple[int, ...]:
        """Close the lifeline, wait bounded until the tree is gone, and return who is still alive.

        Without a report nobody has swept yet; with one that tells of a leak all patience is spent already.
        """
        is_leaking = report is not None and bool(report.get("leaked"))
        self._lifeline.close()
        if is_leaking:
            grace_s = 0.0
        try:
            self._wrapper.wait(_LEAK_LIMIT_S if is_leaking else grace_s + _END_LIMIT_S)
        except subprocess.TimeoutExpired:
            return self._end_by_force(grace_s)
        is_swept = self._is_namespace or (report is not None and not is_leaking)
        return () if is_swept else self._hunt_strays(grace_s)

    def _end_by_force(self, grace_s: float) -> tuple[int, ...]:
        """Kill wrapper, supervisor and all below them from outside."""
        below = find_descendants(self._wrapper.pid)
        own = {self._wrapper.pid, *(pid for pid in below if read_parent(pid) == self._wrapper.pid)}
        started = {pid: read_start_ticks(pid) for pid in (self._wrapper.pid, *below)}
        _, living = kill_tree(
            lambda: [pid for pid, ticks in started.items() if ticks is not None and read_start_ticks(pid) == ticks],
            self._wrapper.poll,
            grace_s,
        )
        if self._wrapper.poll() is None:
            _ABANDONED.append(self._wrapper)
        return tuple(pid for pid in living if pid not in own)

    def _hunt_strays(self, grace_s: float) -> tuple[int, ...]:
        """End what became our own child because its supervisor is dead."""
        seen: set[int] = set()

        def find() -> list[int]:
            strays = [pid for pid in find_descendants(os.getpid()) if pid not in self._neighbours]
            seen.update(strays)
            return strays

        _, living = kill_tree(find, lambda: _reap_each(seen), grace_s)
        return tuple(living)


def _reap_each(pids: set[int]) -> int:
    """Collect those of ``pids`` that are our children and have ended: never by -1, others wait for theirs too."""
    count = 0
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            count += os.waitpid(pid, os.WNOHANG)[0] != 0
    return count


def _start(
    prefix: Sequence[str], spec_fd: int, lifeline: int, log: Path, pass_fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start a supervisor in its wrapper; its environment is empty, the child's travels in the order."""
    with log.open("wb") as log_file:
        return subprocess.Popen(
            [*prefix, sys.executable, "-S", "-P", "-c", _PROGRAM, str(spec_fd)],
            stdin=lifeline,
            stdout=lifeline,
            stderr=log_file,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": _PACKAGE_ROOT},
            pass_fds=(spec_fd, *pass_fds),
            start_new_session=True,  # a Ctrl-C at the terminal is for us to pass on, or not
        )

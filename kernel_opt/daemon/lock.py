"""One daemon per run: a lock that ends with the process, however it ends."""

import fcntl
import json
import os
from pathlib import Path

from kernel_opt.edges.clock import SystemClock, read_boot_id
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.model.errors import RunTakenError

PATIENCE_S = 0.5
"""Whoever asks whether a daemon lives holds the lock for a moment; a daemon holds it for hours."""
NAP_S = 0.02


class RunLock:
    """Held by the live daemon of a run; what is written in it is for people."""

    def __init__(self, path: Path, tag: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _lock_within(self._fd, PATIENCE_S):
            holder = _pid_in(os.pread(self._fd, 4096, 0).decode(errors="replace"))
            os.close(self._fd)
            raise taken_error(tag, holder)
        pid = os.getpid()
        about = {"pid": pid, "start_ticks": read_start_ticks(pid), "boot_id": read_boot_id()}
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, json.dumps(about).encode(), 0)

    def release(self) -> None:
        """Let another daemon have the run."""
        os.close(self._fd)


def _lock_within(fd: int, limit_s: float) -> bool:
    clock = SystemClock()
    until_s = clock.boot_s() + limit_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.boot_s() > until_s:
                return False
            clock.sleep_s(NAP_S)
        else:
            return True


def read_holder(path: Path) -> int | None:
    """Return the pid of the daemon that holds the lock (0: it has not written it yet), None when nobody does."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(os.pread(fd, 4096, 0).decode(errors="replace")) or 0
    finally:
        os.close(fd)
    return None


def _pid_in(text: str) -> int | None:
    try:
        return int(json.loads(text)["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def taken_error(tag: str, pid: int | None) -> RunTakenError:
    """Say that a run has a live daemon, and what to do about it."""
    who = f" (pid {pid})" if pid else ""
    return RunTakenError(
        f"run {tag} is carried out by a daemon already{who}",
        f"`kernel-opt status --tag {tag}` tells how it stands, `kernel-opt stop --tag {tag}` ends it",
    )

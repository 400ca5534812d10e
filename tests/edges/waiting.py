"""Waiting for what other processes do, and knowing that none of them is left."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 30.0
"""Long enough for a machine under load; nothing here needs a tenth of it."""


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so, and fail in words when it never is."""
    until = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until, f"waited {LIMIT_S:g} s in vain until {what}"
        time.sleep(0.005)


class Tracer:
    """A lock that every process holds which inherits ``fd``: while it is held, one of them is alive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def let_go(self) -> None:
        """Leave the lock to those who inherited it."""
        os.close(self.fd)

    def is_anyone_alive(self) -> bool:
        """Tell whether somebody who inherited the lock still lives."""
        with self.path.open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

"""A log file that keeps the beginning and the end of an output, whatever its size."""

import os
from collections import deque


class CappedLog:
    """Writes the first half of the cap as it comes, keeps the last half in memory until the end."""

    def __init__(self, fd: int, cap_bytes: int) -> None:
        self.total_bytes = 0
        self._fd = fd
        self._cap_bytes = cap_bytes
        self._head_left = cap_bytes // 2
        self._tail_cap = cap_bytes - cap_bytes // 2
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    @property
    def is_truncated(self) -> bool:
        """Tell whether something is left out of the file."""
        return self.total_bytes > self._cap_bytes

    def add(self, chunk: bytes) -> None:
        """Take some output."""
        self.total_bytes += len(chunk)
        head, rest = chunk[: self._head_left], chunk[self._head_left :]
        self._head_left -= len(head)
        self._write(head)
        if rest:
            self._tail.append(rest)
            self._tail_bytes += len(rest)
        while self._tail and self._tail_bytes - len(self._tail[0]) >= self._tail_cap:
            self._tail_bytes -= len(self._tail.popleft())

    def close(self) -> None:
        """Write the end, after a line that says how much is left out before it."""
        if self.is_truncated:
            self._write(b"\n[... %d bytes left out ...]\n" % (self.total_bytes - self._cap_bytes))
        self._write(b"".join(self._tail)[-self._tail_cap :])

    def _write(self, content: bytes) -> None:
        """Write; when the disk is full go on without, since the child's end must be told all the same."""
        while content:
            try:
                content = content[os.write(self._fd, content) :]
            except OSError:
                return

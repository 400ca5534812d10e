"""Whether a file was read while a command ran: an edit that nothing read was not what was measured."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

_ACCESS, _OPEN = 0x1, 0x20
_EVENT_BYTES = 16
_CHUNK_BYTES = 1 << 16


class ReadWatch:
    """Listens for who opens or reads some files; by inode, so that it hears a child in any mount namespace.

    Access times would not do: a file system may not keep them, and a read-only mount never does.
    """

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self.read: tuple[str, ...] | None = None
        """The files that were read, known at the end; None: none of them is there, or it cannot be told here."""
        self._root, self._files = root, files
        self._fd = -1
        self._watched: dict[int, str] = {}

    def __enter__(self) -> Self:
        there = [name for name in self._files if (self._root / name).is_file() and not (self._root / name).is_symlink()]
        if there:
            libc = ctypes.CDLL(None, use_errno=True)
            self._fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
            marks = {name: self._mark(libc, name) for name in there} if self._fd >= 0 else {}
            self._watched = {mark: name for name, mark in marks.items() if mark >= 0}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd < 0:
            return
        heard = self._hear()
        # The kernel takes its time to let go of watches (some 10 ms), and nobody has to wait for it.
        Thread(target=os.close, args=(self._fd,)).start()
        if self._watched:
            self.read = tuple(name for mark, name in self._watched.items() if mark in heard)

    def _mark(self, libc: ctypes.CDLL, name: str) -> int:
        return int(libc.inotify_add_watch(self._fd, os.fsencode(self._root / name), _ACCESS | _OPEN))

    def _hear(self) -> set[int]:
        """Return the marks of all events so far; a queue that ran over began with what is there."""
        heard: set[int] = set()
        while True:
            try:
                chunk = os.read(self._fd, _CHUNK_BYTES)
            except BlockingIOError:
                return heard
            place = 0
            while place + _EVENT_BYTES <= len(chunk):
                heard.add(int.from_bytes(chunk[place : place + 4], "little", signed=True))
                place += _EVENT_BYTES + int.from_bytes(chunk[place + 12 : place + 16], "little")

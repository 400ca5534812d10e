"""Telling a person that something lasts: one line that counts the seconds on a terminal, one line a phase elsewhere."""

from typing import TextIO

from kernel_opt.edges.clock import Clock, SystemClock
from kernel_opt.views.format import clean
from kernel_opt.views.terminal import look_at

_TO_LINE_END = "\x1b[K"


class Progress:
    """What goes on now, on a stream that is not the result."""

    def __init__(self, stream: TextIO, clock: Clock | None = None) -> None:
        self._stream = stream
        self._clock = clock or SystemClock()
        self._is_live = stream.isatty()
        self._doing, self._since_s, self._told_s = "", 0.0, 0

    def begin(self, doing: str) -> None:
        """Say what begins."""
        self.end()
        self._doing, self._since_s, self._told_s = doing, self._clock.boot_s(), 0
        self._write(f"{doing} ..." if self._is_live else f"{doing}\n")

    def change(self, doing: str) -> None:
        """Say what begins in the place of what went on: for many short phases, of which only the last one matters."""
        self.clear()
        # A line that is wrapped could not be written over.
        room = look_at(self._stream).width - len(" ... 9999 s") if self._is_live else None
        self.begin(clean(doing)[:room])

    def tick(self) -> None:
        """Say, on a terminal, that it still goes on; asked however often, it writes once a second."""
        if not self._is_live or not self._doing:
            return
        passed_s = int(self._clock.boot_s() - self._since_s)
        if passed_s > self._told_s:
            self._told_s = passed_s
            self._write(f"\r{self._doing} ... {passed_s} s{_TO_LINE_END}")

    def end(self) -> None:
        """Close the line."""
        if self._is_live and self._doing:
            self._write("\n")
        self._doing = ""

    def clear(self) -> None:
        """Take the line away: what follows is the result."""
        if self._is_live and self._doing:
            self._write(f"\r{_TO_LINE_END}")
        self._doing = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

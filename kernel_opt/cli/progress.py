"""Telling a person that something lasts: one line that counts the seconds on a terminal, one line a phase elsewhere."""

from typing import TextIO

from kernel_opt.edges.clock import Clock, SystemClock

_TO_LINE_END = "\x1b[K"


class Progress:
    """What goes on now, on a stream that is not the result."""

    def __init__(self, stream: TextIO, clock: Clock | None = None) -> None:
        self._stream = stream
        self._clock = clock or SystemClock()
        self._is_live = stream.isatty()
        self._doing, self._since_s = "", 0.0

    def begin(self, doing: str) -> None:
        """Say what begins."""
        self.end()
        self._doing, self._since_s = doing, self._clock.boot_s()
        self._write(f"{doing} ..." if self._is_live else f"{doing}\n")

    def tick(self) -> None:
        """Say, on a terminal, that it still goes on."""
        if self._is_live and self._doing:
            self._write(f"\r{self._doing} ... {self._clock.boot_s() - self._since_s:.0f} s{_TO_LINE_END}")

    def end(self) -> None:
        """Close the line."""
        if self._is_live and self._doing:
            self._write("\n")
        self._doing = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

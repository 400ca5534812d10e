"""How a child is made to end: asked first where that is wished, killed in any case."""

import contextlib
import os
import signal
import time

_GENTLE = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0))
"""Signals and the seconds given for each: long enough for an agent to write down what it cost."""


class Ending:
    """The signals still to be sent, and when the next is due."""

    def __init__(self, kill_grace_s: float, *, interrupt_first: bool) -> None:
        self.has_begun = False
        self.is_given_up = False
        """Not even SIGKILL had an effect in its time."""
        self.due = float("inf")
        self._kill = (signal.SIGKILL, kill_grace_s)
        self._interrupt_first = interrupt_first
        self._signals: list[tuple[int, float]] = []

    def begin(self, *, at_once: bool = False) -> None:
        """Begin, or stop being gentle; asking again changes nothing."""
        if self.has_begun and not at_once:
            return
        is_gentle = self._interrupt_first and not at_once
        self._signals = [*_GENTLE, self._kill] if is_gentle else [self._kill]
        self.has_begun = True
        self.due = time.monotonic()

    def go_on(self, child: int) -> None:
        """Send what is due to the child's process group."""
        if not self._signals:
            self.is_given_up = True
            return
        number, grace_s = self._signals.pop(0)
        self.due = time.monotonic() + grace_s
        with contextlib.suppress(ProcessLookupError, PermissionError):  # just ended, or setuid: the sweep tells
            os.killpg(child, number)

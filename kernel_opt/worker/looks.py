"""Looks at the cards that cannot hang whoever asks for them."""

import queue
import threading
import time

from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading

Look = tuple[Reading, ...] | ReadFailedError


class Looker:
    """Asks the platform in a thread of its own, one look at a time: one that hangs in the driver hangs only that."""

    def __init__(self, platform: Platform, limit_s: float) -> None:
        self._platform = platform
        self._limit_s = limit_s
        self._answers: queue.SimpleQueue[Look] = queue.SimpleQueue()
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Tell whether a look is under way, hung perhaps."""
        return self._is_busy

    def begin(self) -> bool:
        """Start a look unless one is under way; tell whether one was started."""
        if self._is_busy:
            return False
        self._is_busy = True
        threading.Thread(target=self._look, daemon=True, name="look").start()
        return True

    def finish(self, wait_s: float) -> Look | None:
        """Return the look under way; None when there is none or it needs longer."""
        if not self._is_busy:
            return None
        try:
            look = self._answers.get(timeout=wait_s) if wait_s > 0 else self._answers.get_nowait()
        except queue.Empty:
            return None
        self._is_busy = False
        return look

    def look(self) -> tuple[Reading, ...]:
        """Look now; raise ReadFailedError when that failed or lasted too long."""
        until = time.monotonic() + self._limit_s
        if not self.begin():
            self.finish(self._limit_s)  # an older look: what it tells is about a moment that has passed
            if not self.begin():
                raise ReadFailedError(f"an earlier look at the cards still hangs after {self._limit_s:g} s")
        look = self.finish(max(0.001, until - time.monotonic()))
        if look is None:
            raise ReadFailedError(f"a look at the cards lasted longer than {self._limit_s:g} s")
        if isinstance(look, ReadFailedError):
            raise look
        return look

    def _look(self) -> None:
        """Look once; whatever a platform raises is an answer, else the one who asked would wait in vain."""
        try:
            self._answers.put(self._platform.read_cards())
        except ReadFailedError as error:
            self._answers.put(error)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            self._answers.put(ReadFailedError(f"the platform failed: {type(error).__name__}: {error}"))

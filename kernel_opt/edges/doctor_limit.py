"""A call that may hang, made so that whoever asks does not hang with it."""

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_TICK_S = 0.2


class TimedOut(Exception):  # noqa: N818 (an outcome, not a fault of ours)
    """The call is still going on; it is left behind."""


def within(limit_s: float, call: Callable[[], T], on_tick: Callable[[], object] = lambda: None) -> T:
    """Return what ``call`` returns, or raise what it raises; TimedOut when that lasts too long."""
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 (raised again by whoever asked)
            answers.put((None, error))

    # A daemon thread: one that never ends does not keep the program from ending.
    threading.Thread(target=work, daemon=True, name="check").start()
    until = time.monotonic() + limit_s
    while (left_s := until - time.monotonic()) > 0:
        try:
            answer, error = answers.get(timeout=min(left_s, _TICK_S))
        except queue.Empty:
            on_tick()
            continue
        if error is not None:
            raise error
        return answer  # pyright: ignore[reportReturnType] -- without an error it is what the call returned
    raise TimedOut

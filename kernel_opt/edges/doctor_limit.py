"""A call that may hang, made so that whoever asks does not hang with it."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
_TICK_S = 0.2


class TimedOut(Exception):  # noqa: N818 (an outcome, not a fault of ours)
    """The call is still going on; it is left behind."""


class _Outcome(Generic[T]):
    """What a call in another thread came to: its answer, or the error with which it left the block."""

    def __init__(self) -> None:
        self.is_there = threading.Event()
        self.answers: list[T] = []
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        self.is_there.set()
        return True  # whoever asked raises it


def within(limit_s: float, call: Callable[[], T], on_tick: Callable[[], object] = lambda: None) -> T:
    """Return what ``call`` returns, or raise what it raises; TimedOut when that lasts too long."""
    outcome = _Outcome[T]()

    def work() -> None:
        with outcome:
            outcome.answers.append(call())

    # A daemon thread: one that never ends does not keep the program from ending.
    threading.Thread(target=work, daemon=True, name="check").start()
    until = time.monotonic() + limit_s
    while not outcome.is_there.wait(max(0.0, min(until - time.monotonic(), _TICK_S))):
        if time.monotonic() >= until:
            raise TimedOut
        on_tick()
    if outcome.error is not None:
        raise outcome.error
    return outcome.answers[0]

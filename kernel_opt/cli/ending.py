"""What ends a command at a terminal: Ctrl-C, a closed terminal, and SIGTERM."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def hear_ending(hear: Callable[[int, FrameType | None], object]) -> Generator[None]:
    """Have ``hear`` called in place of dying at once; under nohup a closed terminal is to change nothing."""
    is_kept_on = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [number for number in _ENDING if not (is_kept_on and number == signal.SIGHUP)]
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

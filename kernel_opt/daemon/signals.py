"""How people reach a running daemon: signals, and wishes left in its state directory."""

import contextlib
import os
import select
import signal
from pathlib import Path
from types import FrameType

from kernel_opt.edges.clock import Clock
from kernel_opt.edges.process import StopWish

STOP, STOP_NOW, PAUSE = "stop", "stop-now", "pause"
LONGEST_SELECT_S = 86400.0  # select(2) takes no year


class SignalWishes:
    """Hears SIGTERM and SIGINT (once: after the step; twice: now), SIGUSR1 (look at the wishes), and wish files."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._asked = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def listen(self) -> None:
        """Take over the signals; from the main thread only."""
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
        # A closed terminal is no reason to stop.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1

    def stop_now(self) -> StopWish | None:
        """Return who asked that what runs be ended at once."""
        if self._asked > 1:
            return StopWish("a second signal")
        return StopWish("kernel-opt stop --now") if (self._folder / STOP_NOW).exists() else None

    def stop(self) -> str | None:
        """Return who asked to stop after the current step."""
        if now := self.stop_now():
            return now.reason
        if self._asked:
            return "a signal"
        return "kernel-opt stop" if (self._folder / STOP).exists() else None

    def pause(self) -> bool:
        """Say whether the run is to rest."""
        return (self._folder / PAUSE).exists()

    def sleep_until(self, at_s: float) -> None:
        """Sleep until the wall clock shows this time or a signal comes."""
        left_s = at_s - self._clock.utc().timestamp()
        if left_s <= 0 or self.stop() is not None:
            return
        self.hear(left_s)

    def hear(self, most_s: float | None) -> None:
        """Sleep so long at most, until a signal comes or `wake` is called; what came since the last time counts."""
        left_s = LONGEST_SELECT_S if most_s is None else max(0.0, min(most_s, LONGEST_SELECT_S))
        select.select([self._read_fd], [], [], left_s)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_fd, 4096)

    def wake(self) -> None:
        """Make `hear` return; from any thread."""
        with contextlib.suppress(BlockingIOError):  # full: it will return all the same
            os.write(self._write_fd, b"\0")

    def end_all(self) -> None:
        """Have everything that runs end at once, since nobody will hear its answer."""
        self._asked = max(2, self._asked)

    def forget(self) -> None:
        """Drop wishes that were fulfilled."""
        for name in (STOP, STOP_NOW):
            (self._folder / name).unlink(missing_ok=True)

"""Time, in one place, so that tests can bring their own."""

import datetime as dt
import time
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the daemon needs to know about time."""

    def boot_s(self) -> float:
        """Return seconds since boot, suspended time included; for durations and deadlines."""
        ...

    def utc(self) -> dt.datetime:
        """Return the wall clock; for display only."""
        ...

    def sleep_s(self, duration_s: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of this machine."""

    def boot_s(self) -> float:
        """Return seconds since boot, suspended time included; for durations and deadlines."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def utc(self) -> dt.datetime:
        """Return the wall clock; for display only."""
        return dt.datetime.now(dt.UTC)

    def sleep_s(self, duration_s: float) -> None:
        """Wait."""
        time.sleep(max(0.0, duration_s))


def read_boot_id() -> str:
    """Return what tells this boot from every other: PIDs and start times mean nothing across a reboot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

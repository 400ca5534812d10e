"""The daemon with a clock that a test may set: it is off the machine's by the seconds that stand in a file.

Usage: python -m tests.e2e.set_clock STATE_DIRECTORY FILE, in the place of kernel_opt.daemon.
"""

import datetime as dt
import sys
from pathlib import Path

from kernel_opt.daemon.loop import Life
from kernel_opt.daemon.plan import read_plan
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.log import open_log
from kernel_opt.edges.places import read_about


class SetClock(SystemClock):
    def __init__(self, path: Path) -> None:
        self._path = path

    def utc(self) -> dt.datetime:
        return super().utc() + dt.timedelta(seconds=float(self._path.read_text()))


def main(directory: Path, path: Path) -> None:
    place = read_about(str(directory))
    life = Life(place, read_plan(directory), SetClock(path), open_log(Path(place.log), console=False))
    life.carry_on(*life.begin())
    life.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

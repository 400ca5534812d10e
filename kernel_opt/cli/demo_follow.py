"""Following a run's journal while its daemon writes it."""

import time
from pathlib import Path
from typing import Protocol

from kernel_opt.cli.demo_place import Begun
from kernel_opt.cli.ending import hear_ending
from kernel_opt.cli.runs import is_alive
from kernel_opt.daemon.asking import STOP_NOW, ask, is_stopped
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.codec import to_entry
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.facts import Entry
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve

_NAP_S = 0.2  # people see no more, and the cores are for measuring
_OVERTIME = 1.3  # of the minutes asked for: then the last measurement is given up


class Show(Protocol):
    """Shows a run to a person."""

    def tell(self, entry: Entry, state: RunState) -> None:
        """Tell of one more fact."""
        ...

    def tick(self, state: RunState) -> None:
        """Time has passed."""
        ...


class Reader:
    """Reads what is new in a journal, and where the run stands by it."""

    def __init__(self, place: RunPlace) -> None:
        self._directory = Path(place.directory)
        self._after = 0
        self.state = RunState()

    def read_on(self, show: Show) -> None:
        """Tell of every fact since the last time."""
        for record in read_records(self._directory, self._after):
            entry = to_entry(record)
            self.state = evolve(self.state, entry)
            self._after = record.seq
            show.tell(entry, self.state)


def follow(begun: Begun, show: Show, minutes: float) -> int | None:
    """Show the run until its daemon has gone; return the signal that ended it before its time, in order, if one did.

    The daemon is ended too when the run can be shown no longer, since nobody would see it go on.
    """
    heard: list[int] = []
    with hear_ending(lambda number, _frame: heard.append(number)):
        try:
            _watch(begun.place, show, heard, time.monotonic() + 60 * minutes * _OVERTIME)
        except OSError:
            _stop(begun.place)
            raise
    return heard[0] if heard else None


def _watch(place: RunPlace, show: Show, heard: list[int], until: float) -> None:
    reader, was_asked = Reader(place), False
    while True:
        is_over = is_alive(place) is None  # asked first, so that nothing written before the end is missed
        if not was_asked and (heard or time.monotonic() > until):
            was_asked = True
            _stop(place)
        reader.read_on(show)
        if is_over:
            return
        show.tick(reader.state)
        time.sleep(_NAP_S)


def _stop(place: RunPlace) -> None:
    """Ask the daemon to end what runs and to stop; one that has gone meanwhile is what was wanted."""
    try:
        ask(place, STOP_NOW)
    except KernelOptError:
        if is_alive(place) is not None:
            raise


def refuse_dead_daemon(begun: Begun) -> None:
    """Say so when the daemon has gone and the run has not ended."""
    if not is_stopped(begun.place):
        mend = f"see {begun.place.directory}/daemon.out; `kernel-opt demo --into {begun.root}` goes on"
        raise KernelOptError("the demo's daemon has gone before the run ended", mend)

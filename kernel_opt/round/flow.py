"""Look at the state, do one step, write down the fact: the whole run is this loop."""

from collections.abc import Callable, Iterable
from typing import Protocol

from kernel_opt.journal.book import Book
from kernel_opt.journal.codec import entries, to_record
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.model.facts import Entry, Fact, Faulted
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Close, Step
from kernel_opt.rules.answers import fits
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.protocol import next_step

Stamp = Callable[[], tuple[float, float, str]]
"""Returns wall clock, seconds since boot, and the boot's id."""


class Performer(Protocol):
    """Does one step in the world and tells what happened."""

    def perform(self, step: Step, state: RunState) -> Fact:
        """Do ``step``; every step may be done twice."""
        ...


class Scribe:
    """Holds the state and writes each fact before anything else happens."""

    def __init__(
        self,
        book: Book,
        stamp: Stamp,
        summarise: Callable[[RunState], bytes] | None = None,
        tell: Callable[[Entry, RunState], None] | None = None,
    ) -> None:
        self._book = book
        self._stamp = stamp
        self._summarise = summarise
        self._tell = tell
        self._seq = 0
        self.state = self._replay(entries(book.records()))

    @property
    def seq(self) -> int:
        """The number of the last fact; 0 before the first."""
        return self._seq

    def _replay(self, past: Iterable[Entry]) -> RunState:
        state = RunState()
        for entry in past:
            state = evolve(state, entry)
            self._seq = entry.seq
        return state

    def write(self, fact: Fact, number: int | None = None) -> RunState:
        """Write the fact, of this round where several are open; the state moves only when the journal has it."""
        at_s, boottime_s, boot_id = self._stamp()
        entry = Entry(
            seq=self._seq + 1,
            round=getattr(fact, "round", self.state.round if number is None else number),
            at_s=at_s,
            boottime_s=boottime_s,
            boot_id=boot_id,
            fact=fact,
        )
        state = evolve(self.state, entry)  # a fact that does not fit never reaches the journal
        self._seq = self._book.append(to_record(entry), self._summarise(state) if self._summarise else None)
        self.state = state
        if self._tell is not None:
            self._tell(entry, state)
        return state


def carry_on(
    scribe: Scribe, performer: Performer, limits: Settings, interruption: Callable[[RunState], Fact | None]
) -> str:
    """Carry the run on until it is stopped; return why it ended."""
    while True:
        if wish := interruption(scribe.state):
            scribe.write(wish)
        step = next_step(scribe.state, limits)
        if isinstance(step, Close):
            return step.reason
        scribe.write(do_step(performer, step, scribe.state))


def do_step(performer: Performer, step: Step, state: RunState) -> Fact:
    """Have the step done; an answer that is none is a fault of the machine."""
    name = type(step).__name__.lower()
    failpoint(f"{name}.before")
    fact = performer.perform(step, state)
    if not fits(step, fact):
        fact = Faulted(kind="unfit-answer", why=f"{type(fact).__name__} is no answer to {type(step).__name__}")
    failpoint(f"{name}.after")
    return fact

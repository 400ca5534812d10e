"""The loop: one step, one fact, written before anything else; whatever the performer answers."""

import random

import pytest
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st

from kernel_opt.journal.book import MemoryBook, Record
from kernel_opt.journal.codec import entries
from kernel_opt.model import facts as f
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.settings import GateSettings, StopSettings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Bench, Step
from kernel_opt.round.flow import Scribe, carry_on
from kernel_opt.rules.evolve import evolve
from tests.fakes import (
    ANY_TIME,
    FakeClock,
    Run,
    ScriptedPerformer,
    daemon_started,
    one_of_each,
    permitted,
    run_started,
    settings,
)


def nobody(_: RunState) -> Fact | None:
    """No wishes."""
    return None


class Liar:
    """Answers anything: now and then what is permitted, else any fact there is."""

    def __init__(self, chance: random.Random, clock: FakeClock, misfits: float) -> None:
        self.chance, self.clock, self.misfits = chance, clock, misfits
        self.calls = 0

    def perform(self, step: Step, state: RunState) -> Fact:
        """See Performer."""
        self.calls += 1
        assert self.calls < 20_000, "the run does not end"
        self.clock.pass_time(10.0)
        if self.chance.random() < self.misfits:
            return self.chance.choice([fact for fact in one_of_each() if not isinstance(fact, ANY_TIME_KINDS)])
        answers = permitted(step, state)
        return answers[0] if self.chance.random() < 0.6 else self.chance.choice(answers)


ANY_TIME_KINDS = tuple({type(fact) for fact in ANY_TIME})


@thorough(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), misfits=st.sampled_from([0.0, 0.05, 0.5, 0.9]))
def test_a_performer_that_answers_anything_ends_the_run(seed: int, misfits: float) -> None:
    """A misfit is a fault of the machine: bounded, never believed, and the journal can always be read again."""
    clock, book = FakeClock(), MemoryBook()
    scribe = Scribe(book, clock.stamp)
    scribe.write(run_started())
    scribe.write(daemon_started())
    limits = settings(stop=StopSettings(max_rounds=5), gate=GateSettings(looks=3))
    reason = carry_on(scribe, Liar(random.Random(seed), clock, misfits), limits, nobody)
    assert reason
    assert scribe.state.round <= 5
    assert Scribe(book, clock.stamp).state == scribe.state


def test_a_misfit_is_written_as_a_fault_that_names_both() -> None:
    """And the step is asked again after a wait."""
    run = Run()
    real = run.world.perform
    lies: list[Step] = []

    def perform(step: Step, state: RunState) -> Fact:
        if isinstance(step, Bench) and not lies:
            lies.append(step)
            return f.Waited(waited_s=1.0, reason="x")
        return real(step, state)

    run.world.perform = perform
    run.start(max_rounds=1)
    (fault,) = (one.fact for one in run.entries() if isinstance(one.fact, f.Faulted))
    assert (fault.kind, fault.why) == ("unfit-answer", "Waited is no answer to Bench")


def test_the_state_is_the_fold_of_the_journal() -> None:
    """At every entry, with its number and its round."""
    run = Run(Judge=["better", "better", "worse"])
    run.start(max_rounds=3)
    state, rounds = RunState(), []
    for number, entry in enumerate(run.entries(), 1):
        assert entry.seq == number
        state = evolve(state, entry)
        assert entry.round == state.round
        rounds.append(entry.round)
    assert state == run.state
    assert rounds == sorted(rounds)


class FullBook(MemoryBook):
    """Takes nothing more after some records."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def append(self, record: Record, summary: bytes | None = None) -> int:
        """See Book."""
        if self.room == 0:
            raise InfrastructureError("disk full", "make room")
        self.room -= 1
        return super().append(record, summary)


def test_the_state_moves_only_when_the_journal_has_the_fact() -> None:
    """What could not be written has not happened; written later, it is."""
    book, clock = FullBook(room=1), FakeClock()
    scribe = Scribe(book, clock.stamp)
    scribe.write(run_started())
    before = scribe.state
    with pytest.raises(InfrastructureError):
        scribe.write(daemon_started())
    assert scribe.state == before
    book.room = 1
    assert scribe.write(daemon_started()).last_s == clock.now_s
    assert [entry.seq for entry in entries(book.records())] == [1, 2]


def test_a_fact_that_does_not_fit_never_reaches_the_journal() -> None:
    """It is refused before it is written."""
    book = MemoryBook()
    scribe = Scribe(book, FakeClock().stamp)
    with pytest.raises(ReadFailedError, match="cannot follow NeedBaseline"):
        scribe.write(f.NoiseJudged(notes=(), detectable_pct={}))
    assert list(book.records()) == []


def test_the_status_goes_with_every_fact() -> None:
    """And whoever listens is told after it is safe."""
    book, told = MemoryBook(), list[Entry]()
    scribe = Scribe(book, FakeClock().stamp, lambda state: state.tag.encode(), lambda entry, _: told.append(entry))
    scribe.write(run_started())
    scribe.write(daemon_started())
    assert book.summary == (2, b"t")
    assert [type(entry.fact) for entry in told] == [f.RunStarted, f.DaemonStarted]


def test_a_wish_is_written_before_the_next_step_is_chosen() -> None:
    """A stop that is asked is the next thing that happens."""
    run = Run()
    assert run.start((lambda state: state.round == 1, f.StopAsked(by="a person"))) == "stopped by a person"
    kinds = [type(entry.fact) for entry in run.entries()]
    assert kinds[kinds.index(f.StopAsked) + 1] is f.StopPlanned


def test_a_run_that_is_over_does_nothing() -> None:
    """Carrying it on asks the world for nothing and writes nothing."""
    run = Run()
    run.start(max_rounds=1)
    clock = FakeClock()
    world = ScriptedPerformer(clock)
    written = len(list(run.book.records()))
    assert carry_on(Scribe(run.book, clock.stamp), world, run.limits, nobody) == "1 rounds done, as asked"
    assert (world.asked, len(list(run.book.records()))) == ([], written)

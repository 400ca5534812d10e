"""Several rounds at once: steps go on side by side, facts are written one by one, nothing is begun too often."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from kernel_opt.journal.book import MemoryBook
from kernel_opt.journal.codec import entries
from kernel_opt.model import facts as f
from kernel_opt.model import steps as s
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.round_facts import Dropped, Kept, RoundOpened
from kernel_opt.model.settings import GateSettings, RoundSettings, Settings, StopSettings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Step
from kernel_opt.round.flow import Performer, Scribe
from kernel_opt.round.lanes import RUN_TREE, carry_on_lanes, needs_lanes
from kernel_opt.rules.lanes import free_lane, open_rounds
from tests import fakes
from tests.fakes import FakeClock, permitted, settings

Answer = Callable[[Step, RunState], Fact]
LIMIT_S = 60.0
"""For one of these runs on a machine under load; they take some hundredths of a second."""


@dataclass
class FakeEars:
    """Time passes only while everybody waits for it."""

    clock: FakeClock
    woken: threading.Event = field(default_factory=threading.Event)

    def now_s(self) -> float:
        return self.clock.now_s

    def hear(self, until_s: float | None) -> None:
        if until_s is None:
            assert self.woken.wait(LIMIT_S), "nobody answers"
        elif not self.woken.wait(0.001):
            self.clock.now_s = max(self.clock.now_s, until_s)
        self.woken.clear()

    def wake(self) -> None:
        self.woken.set()


def good(step: Step, state: RunState) -> Fact:
    fact = permitted(step, state)[0]
    return replace(fact, lane=free_lane(state)) if isinstance(fact, RoundOpened) else fact


@dataclass
class Crew:
    """Who does the steps: by default what is asked for succeeds at once. Notes which lane did what."""

    answer: Answer = good
    done: list[tuple[int, str, int]] = field(default_factory=list)

    def __call__(self, lane: int) -> Performer:
        return Hand(self, lane)


@dataclass
class Hand:
    crew: Crew
    lane: int

    def perform(self, step: Step, state: RunState) -> Fact:
        self.crew.done.append((self.lane, type(step).__name__, state.round))
        return self.crew.answer(step, state)


@dataclass
class Played:
    """One run with lanes, in memory."""

    crew: Crew
    limits: Settings
    clock: FakeClock = field(default_factory=FakeClock)
    book: MemoryBook = field(default_factory=MemoryBook)
    wishes: list[Fact] = field(default_factory=list)

    def play(self, *first: Fact) -> str:
        scribe = Scribe(self.book, self.clock.stamp)
        for fact in first or (fakes.run_started(), fakes.daemon_started()):
            scribe.write(fact)
        self.scribe = scribe
        return carry_on_lanes(scribe, self.crew, self.limits, self._interrupt, FakeEars(self.clock))

    def _interrupt(self, state: RunState) -> Fact | None:
        return self.wishes.pop() if self.wishes and len(open_rounds(state)) == 3 else None

    def entries(self) -> list[Entry]:
        return list(entries(self.book.records()))

    def facts(self, kind: type[Fact]) -> list[Fact]:
        return [one.fact for one in self.entries() if isinstance(one.fact, kind)]


def limits(lanes: int = 2, rounds: int = 6) -> Settings:
    return settings(
        lanes=lanes,
        gate=GateSettings(looks=3),
        round=RoundSettings(headline_every=0),
        stop=StopSettings(max_rounds=rounds),
    )


def test_a_run_with_lanes_ends_with_every_round_ended() -> None:
    """As many as asked for; the journal alone tells the same state; publishing is done in the run's own worktree."""
    run = Played(Crew(), limits())
    assert run.play() == "6 rounds done, as asked"
    assert (len(run.facts(RoundOpened)), len(run.facts(Kept)) + len(run.facts(Dropped))) == (6, 6)
    assert Scribe(run.book, run.clock.stamp).state == run.scribe.state
    for lane, step, number in run.crew.done:
        assert (lane == RUN_TREE) == (step in ("Seal", "Publish", "OpenRound", "PlanStop") or number == 0)
    assert {lane for lane, _, _ in run.crew.done} <= {RUN_TREE, 1, 2, 3, 4}


def test_as_many_rounds_measure_at_once_as_there_are_lanes() -> None:
    """Each waits in its benchmark until all lanes are there: with fewer at once the run would not end."""
    together = threading.Barrier(3, timeout=LIMIT_S)

    def answer(step: Step, state: RunState) -> Fact:
        if isinstance(step, s.Bench) and state.round in (1, 2, 3):
            together.wait()
        return (
            f.Broke(commit=step.commit, kind="crash", why="x", folder="b") if _is_candidate(step) else good(step, state)
        )

    run = Played(Crew(answer), limits(lanes=3))
    assert run.play() == "6 rounds done, as asked"


def _is_candidate(step: Step) -> bool:
    return isinstance(step, s.Bench) and not step.is_baseline


def test_an_answer_that_is_none_is_a_fault() -> None:
    """It moves nothing but what faults move."""
    lied: list[int] = []

    def answer(step: Step, state: RunState) -> Fact:
        if isinstance(step, s.Check) and not lied:
            lied.append(state.round)
            return f.Stopped(reason="x", code="x", best="x")
        return good(step, state)

    run = Played(Crew(answer), limits())
    run.play()
    (fault,) = run.facts(f.Faulted)
    assert isinstance(fault, f.Faulted)
    assert (fault.kind, len(run.facts(f.Waited)) >= 1) == ("unfit-answer", True)


def test_what_no_hand_catches_ends_the_daemon() -> None:
    """As with one round at a time: nothing may happen that the journal does not tell."""

    def answer(step: Step, state: RunState) -> Fact:
        if isinstance(step, s.Check):
            raise InfrastructureError("the journal takes no more", "look at the disk")
        return good(step, state)

    with pytest.raises(InfrastructureError):
        Played(Crew(answer), limits()).play()


def test_who_waits_for_a_card_looks_again_as_soon_as_one_of_ours_is_free() -> None:
    """Ten minutes would be lost otherwise, each time."""
    refused = threading.Event()

    def answer(step: Step, state: RunState) -> Fact:
        if _is_candidate(step) and state.round == 2 and not refused.is_set():
            refused.set()
            return f.NoIdleGpu(why=("leased",))
        if _is_candidate(step) and state.round == 1:
            assert refused.wait(LIMIT_S)
        return good(step, state)

    run = Played(Crew(answer), limits(rounds=2))
    run.play()
    (waited,) = run.facts(f.Waited)
    assert isinstance(waited, f.Waited)
    assert waited.waited_s < run.limits.gate.interval_s or len(run.facts(f.NoIdleGpu)) == 1


def test_asked_to_stop_it_ends_when_what_goes_on_is_done_and_goes_on_with_all_rounds() -> None:
    """No step is begun after the wish; resumed, the open rounds are taken up where they stood."""
    run = Played(Crew(), limits())
    run.wishes.append(f.StopAsked(by="a person"))
    assert run.play() == "stopped by a person"
    asked = next(place for place, one in enumerate(run.entries()) if isinstance(one.fact, f.StopAsked))
    assert not any(isinstance(one.fact, RoundOpened) for one in run.entries()[asked:])
    assert open_rounds(run.scribe.state) == (1, 2, 3)
    assert needs_lanes(run.scribe.state, replace(run.limits, lanes=1))
    run.limits = replace(run.limits, lanes=1)
    run.play(fakes.daemon_started(max_rounds=2))
    assert open_rounds(run.scribe.state) == ()
    assert [one.round for one in run.entries() if isinstance(one.fact, RoundOpened)] == [1, 2, 3, 4, 5]


def test_a_run_of_one_lane_needs_none() -> None:
    """It is carried on as ever."""
    assert not needs_lanes(RunState(), limits(lanes=1))
    assert needs_lanes(RunState(), limits(lanes=2))

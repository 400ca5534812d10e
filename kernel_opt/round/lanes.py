"""Several rounds at once: one thread for each step that takes time, one that writes the facts as they come."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Protocol

from kernel_opt.model import steps as s
from kernel_opt.model.facts import Fact, Waited
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Step
from kernel_opt.round.flow import Performer, Scribe, do_step
from kernel_opt.rules.lane_steps import ON_CARD, Due, is_alone, lanes_of, most_open, next_steps
from kernel_opt.rules.lanes import TRUNK, focus, open_rounds, trunk_number

RUN_TREE = 0
"""Stands for the run's own worktree, which always shows best, where worktrees are told by their lanes."""


class Ears(Protocol):
    """How the one who writes the facts waits: for people, for a moment, for an answer."""

    def now_s(self) -> float:
        """Return the wall clock's time."""
        ...

    def hear(self, until_s: float | None) -> None:
        """Return at that time, when somebody asks for something, or when `wake` was called since the last time."""
        ...

    def wake(self) -> None:
        """Make `hear` return; from any thread."""
        ...


Crew = Callable[[int], Performer]
"""Gives who does the steps in a lane's worktree; they share nothing that one step could spoil for another."""


def carry_on_lanes(
    scribe: Scribe, crew: Crew, limits: Settings, interruption: Callable[[RunState], Fact | None], ears: Ears
) -> str:
    """Carry the run on until it is stopped, with several rounds open; return why it ended."""
    most = most_open(limits) + len(scribe.state.parked)
    threads = ThreadPoolExecutor(max_workers=most, thread_name_prefix="lane")
    try:
        return _Lanes(scribe, crew, limits, ears, threads).carry_on(interruption)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class _Lanes:
    """The steps that are going on, and who answers them."""

    def __init__(self, scribe: Scribe, crew: Crew, limits: Settings, ears: Ears, threads: ThreadPoolExecutor) -> None:
        self._scribe, self._crew, self._limits, self._ears, self._threads = scribe, crew, limits, ears, threads
        self._busy: dict[int, Step] = {}
        self._answers: SimpleQueue[tuple[int, Future[Fact]]] = SimpleQueue()
        self._card_came_free = False

    def carry_on(self, interruption: Callable[[RunState], Fact | None]) -> str:
        """Write what was answered, then begin what may begin, then wait for more."""
        while True:
            self._write_answers()
            if wish := interruption(self._scribe.state):
                self._write(TRUNK, wish)
            due = next_steps(self._scribe.state, self._limits, self._busy)
            closed = next((step for _, step in due if isinstance(step, s.Close)), None)
            if closed is not None:
                return closed.reason
            for number, step in due:
                if not is_alone(number, step) and not isinstance(step, s.Wait):
                    self._begin(number, step)
            alone = next((one for one in due if is_alone(*one)), None)
            if alone is not None:  # done here, so that it is over before the next fact
                self._write(alone[0], do_step(self._performer(*alone), alone[1], self._in_view(alone[0])))
            else:
                self._wait([one for one in due if isinstance(one[1], s.Wait)])

    def _begin(self, number: int, step: Step) -> None:
        performer, state = self._performer(number, step), self._in_view(number)
        self._busy[number] = step
        future = self._threads.submit(do_step, performer, step, state)
        future.add_done_callback(lambda done: self._answer(number, done))

    def _answer(self, number: int, done: Future[Fact]) -> None:
        self._answers.put((number, done))
        self._ears.wake()

    def _write_answers(self) -> None:
        while True:
            try:
                number, done = self._answers.get_nowait()
            except Empty:
                return
            step = self._busy.pop(number)
            self._card_came_free = self._card_came_free or isinstance(step, ON_CARD)
            self._write(number, done.result())

    def _wait(self, waits: list[Due]) -> None:
        """Wait for the next answer; one who waits for a card looks again as soon as one of ours is free."""
        now_s, freed = self._ears.now_s(), self._card_came_free
        self._card_came_free = False
        for number, step in waits:
            hold = self._in_view(number).hold
            if isinstance(step, s.Wait) and (step.until_s <= now_s or (freed and hold and hold.cause == "gpu")):
                since_s = hold.since_s if hold else now_s
                self._write(number, Waited(waited_s=max(0.0, now_s - since_s), reason=step.reason))
                return
        self._ears.hear(min((step.until_s for _, step in waits if isinstance(step, s.Wait)), default=None))

    def _in_view(self, number: int) -> RunState:
        return focus(self._scribe.state, number)

    def _performer(self, number: int, step: Step) -> Performer:
        if number == TRUNK or isinstance(step, s.Seal | s.Publish):
            return self._crew(RUN_TREE)
        return self._crew(self._in_view(number).lane)

    def _write(self, number: int, fact: Fact) -> None:
        if number == TRUNK:
            number = trunk_number(self._scribe.state)
        self._scribe.write(fact, number)


def needs_lanes(state: RunState, limits: Settings) -> bool:
    """Say whether the run is to be carried on with several rounds open, or was so before."""
    return lanes_of(limits) > 1 or len(open_rounds(state)) > 1 or bool(state.parked)

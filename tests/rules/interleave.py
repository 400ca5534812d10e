"""A run with several rounds open, against a world that answers in any order; what must always hold is checked."""

import random
from collections import Counter
from dataclasses import dataclass, field

from kernel_opt.model import facts as f
from kernel_opt.model import steps as s
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.round_facts import Dropped, Ending, Kept, RoundOpened, Sealed
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import KeepSealed
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.lane_steps import ON_CARD, lanes_of, most_open, next_steps
from kernel_opt.rules.lanes import TRUNK, focus, free_lane, open_rounds, trunk_number
from kernel_opt.rules.tally import UNTOUCHED
from tests import fakes
from tests.fakes import permitted


@dataclass
class Interleaved:
    """One run: its state, its journal, and the steps that are going on with the state that each began from."""

    limits: Settings
    chance: random.Random
    good: float = 0.7
    """How often a step is answered well."""
    trouble: float = 0.0
    """How often somebody says something, or the daemon dies and another goes on, before an answer."""
    state: RunState = field(default_factory=lambda: fakes.fold(fakes.run_started(), fakes.daemon_started()))
    journal: list[Entry] = field(default_factory=list)
    busy: dict[int, tuple[s.Step, RunState]] = field(default_factory=dict)
    moves: set[tuple[type, type]] = field(default_factory=set)
    now_s: float = 1000.0
    opened: int = 0
    opened_before: int = 0
    """Rounds before the last wished start."""
    ends: list[Ending] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    def write(self, number: int, fact: Fact) -> None:
        """Write one fact, and check what must hold after any."""
        self.now_s += self.chance.choice([0.0, 1.0, 30.0])
        number = trunk_number(self.state) if number == TRUNK else getattr(fact, "round", number)
        entry = Entry(
            seq=len(self.journal) + 1, round=number, at_s=self.now_s, boottime_s=self.now_s, boot_id="b", fact=fact
        )
        before = focus(self.state, number)
        self.moves.add((type(before.stage), type(fact)))
        self.state = evolve(self.state, entry)
        self.journal.append(entry)
        self._check(before, fact)

    def _check(self, before: RunState, fact: Fact) -> None:
        state = self.state
        sealed = [one for one in open_rounds(state) if isinstance(focus(state, one).stage, KeepSealed)]
        assert len(sealed) <= 1, "two keeps are sealed at once"
        assert len(open_rounds(state)) <= most_open(self.limits)
        lanes = [focus(state, one).lane for one in open_rounds(state)]
        assert len(set(lanes)) == len(lanes), "two rounds share a worktree"
        match fact:
            case RoundOpened():
                self.opened += 1
                assert fact.round == self.opened, "rounds are numbered one by one"
            case Kept():
                assert before.best is not None
                assert before.moved_on is None, "kept although weighed against another best"
                assert self.state.bests[-2].code == before.best.code
                self.counted["kept"] += 1
                self.ends.append(Ending.KEPT)
            case Sealed(purpose="keep"):
                assert before.moved_on is None
            case Dropped():
                self.counted[fact.ending.value] += 1
                self.ends.append(fact.ending)
            case _:
                pass
        assert dict(state.tally.endings) == dict(self.counted)
        assert state.tally.rounds_since_start == self.opened - self.opened_before
        assert state.tally.regressions_in_a_row == self._regressions()

    def _regressions(self) -> int:
        """Count them as one would who reads nothing but the ends of rounds, in the order of the journal."""
        count = 0
        for ending in self.ends:
            if ending is Ending.REGRESSION:
                count += 1
            elif ending not in UNTOUCHED:
                count = 0
        return count

    def disturb(self) -> None:
        """Let the daemon die, which forgets what goes on, or let a person speak."""
        said = self.chance.choice(["crash", "crash", "pause", "stop"])
        if said == "crash":
            self.busy.clear()
            self.write(TRUNK, fakes.daemon_started(wished=False))
        elif said == "pause":
            self.write(TRUNK, f.Paused())
        elif self.state.stop is None:
            self.write(TRUNK, f.StopAsked(by="a person"))

    def resume(self) -> None:
        """Go on with a run that has ended."""
        self.opened_before, self.ends = self.opened, []
        self.write(TRUNK, fakes.daemon_started(wished=True))

    def begin(self) -> bool:
        """Begin what may begin; False when the run is over."""
        steps = {number: step for number, (step, _) in self.busy.items()}
        due = next_steps(self.state, self.limits, steps)
        assert due or self.busy, "nothing goes on, and nothing may begin"
        for number, step in due:
            assert number not in self.busy
            if isinstance(step, s.Close):
                assert not self.busy
                return False
            if isinstance(step, s.PlanStop | s.Finish | s.Rest):
                assert not self.busy, "the run ends or rests while steps go on"
            self.busy[number] = step, focus(self.state, number)
        on_card = [step for step, _ in self.busy.values() if isinstance(step, ON_CARD)]
        assert len(on_card) <= lanes_of(self.limits)
        return True

    def answer(self) -> None:
        """Have one of the steps that go on answered, whichever."""
        if not self.busy:
            return
        number = self.chance.choice(sorted(self.busy))
        step, state = self.busy.pop(number)
        if isinstance(step, s.OpenRound) and self.chance.random() > (1 + self.good) / 2:
            fact: Fact = self.chance.choice(fakes.FAULTS)
        elif isinstance(step, s.OpenRound):
            lane = free_lane(self.state)
            best = state.branch_best
            fact = RoundOpened(round=step.round, best=best.code if best else "", seed=1, lane=lane)
        else:
            answers = permitted(step, state)
            fact = answers[0] if self.chance.random() < self.good else self.chance.choice(answers)
        self.write(number, fact)

    def play(self, most: int = 3000) -> None:
        """Play the run to its end."""
        for _ in range(most):
            if not self.begin():
                return
            if self.chance.random() < self.trouble:
                self.disturb()
            else:
                self.answer()
        raise AssertionError("the run does not end")

    def replayed(self) -> RunState:
        """The state that the journal tells."""
        state = fakes.fold(fakes.run_started(), fakes.daemon_started())
        for entry in self.journal:
            state = evolve(state, entry)
        return state

"""Tells a whole run: its state, its rounds, and what was said about the machine it ran on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Entry
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.lanes import focus, on_branch
from kernel_opt.views.progress import Level, level_of
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import tell_fact


@dataclass(slots=True)
class RunStory:
    """All a report needs, folded from the journal once."""

    state: RunState = field(default_factory=RunState)
    started: f.RunStarted | None = None
    sandbox: str = ""
    """The level at which children are held, as the last daemon said it; empty in journals that do not tell."""
    baseline_s: float | None = None
    noise_notes: tuple[str, ...] = ()
    class_note: str = ""
    rounds: list[RoundStory] = field(default_factory=list[RoundStory])
    open_rounds: dict[int, RoundStory] = field(default_factory=dict[int, RoundStory])
    levels: list[Level] = field(default_factory=list[Level])
    """How much faster best was, from the baseline on: one more with each keep, and where it was measured afresh."""
    told_s: float = 0.0
    """Wall clock of the last fact that a report tells of."""
    rollbacks: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When best was found not to hold, and why it was given up for the one before it."""
    stops: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When and why the run ended; the last one too, while the run is not resumed."""

    @property
    def kept(self) -> list[RoundStory]:
        """The rounds whose candidate became best."""
        return [one for one in self.rounds if one.is_kept]


Pending = Literal["baseline", "keep", "rollback", "stop"]


def tell_run(entries: Iterable[Entry], *, pending: Pending | None = None, number: int | None = None) -> RunStory:
    """Fold a journal into the story of its run; ``pending``, of that round, is told as if it were done already."""
    story, last = RunStory(), None
    for last in entries:
        add_entry(story, last)
    if pending is not None and last is not None:
        of_round = story.state.round if number is None else number
        story.state = focus(story.state, of_round)
        for fact in _facts_to_come(story, pending):
            add_entry(story, replace(last, seq=last.seq + 1, round=of_round, fact=fact))
    story.state = on_branch(story.state)
    return story


def _facts_to_come(story: RunStory, pending: Pending) -> tuple[f.Fact, ...]:
    """Return the facts that the journal will hold once the report that is being written is published."""
    tip = story.state.tip
    sealed = r.Sealed(purpose=pending, old=tip, new=tip)
    match pending:
        case "baseline":
            return (sealed, r.BaselineKept(commit=tip))
        case "keep":
            return (sealed, r.Kept(commit=tip, candidate="", why=""))
        case "rollback":
            return (sealed, r.RolledBack(commit=tip, code=story.state.code, why=""))
        case "stop":
            return (sealed,)


def add_entry(story: RunStory, entry: Entry) -> None:
    """Add the next fact of the journal."""
    story.state = evolve(story.state, entry)
    _add_round(story, entry)
    _add_run(story, entry)


def _add_round(story: RunStory, entry: Entry) -> None:
    if (told := tell_fact(story.open_rounds, entry)) is not None:
        _close_round(story, told, entry.at_s)


def _close_round(story: RunStory, over: RoundStory, at_s: float) -> None:
    # A keep is dated by its verdict: the row is written before the keep itself is a fact.
    story.told_s = over.judged_s if over.is_kept and over.judged_s is not None else at_s
    story.rounds.append(over)


def _add_run(story: RunStory, entry: Entry) -> None:
    match entry.fact:
        case f.RunStarted() as fact:
            story.started, story.told_s = fact, entry.at_s
        case f.DaemonStarted() as fact:
            story.sandbox = fact.sandbox
        case f.Benched(classes=(_, *_)) as fact:
            story.baseline_s = story.told_s = entry.at_s
            story.class_note = fact.class_note
            story.levels = [level_of(story.state, entry.at_s)]
        case f.NoiseJudged() as fact:
            story.noise_notes = fact.notes
        case f.HeadlineJudged():
            story.told_s = entry.at_s
            is_back = isinstance(story.state.stage, g.Doubted) and not story.state.stage.is_proved
            story.levels.append(level_of(story.state, story.told_s, is_back=is_back))
            if isinstance(story.state.stage, g.Doubted) and not story.state.stage.is_proved:
                story.rollbacks.append((entry.at_s, story.state.stage.why))
        case r.Kept():
            story.levels.append(level_of(story.state, story.told_s))
        case r.RolledBack():
            _give_up(story)
        case f.StopPlanned() as fact:
            story.told_s = entry.at_s
            story.stops.append((entry.at_s, fact.reason))
        case _:
            pass


def _give_up(story: RunStory) -> None:
    """Mark the keeps that best no longer holds; where no measurement had shown it, the curve goes back here."""
    best = story.state.best.round if story.state.best else 0
    level = level_of(story.state, story.told_s, is_back=True)
    if story.levels and story.levels[-1].gain != level.gain:
        story.levels.append(level)
    for one in story.kept:
        one.is_given_up = one.is_given_up or one.round > best

"""Tells a whole run: its state, its rounds, and what was said about the machine it ran on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Entry
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import add_fact


@dataclass(slots=True)
class RunStory:
    """All a report needs, folded from the journal once."""

    state: RunState = field(default_factory=RunState)
    started: f.RunStarted | None = None
    containment: str = ""
    baseline_s: float | None = None
    noise_notes: tuple[str, ...] = ()
    class_note: str = ""
    rounds: list[RoundStory] = field(default_factory=list[RoundStory])
    open_round: RoundStory | None = None
    told_s: float = 0.0
    """Wall clock of the last fact that a report tells of."""
    stops: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When and why the run ended; the last one too, while the run is not resumed."""

    @property
    def kept(self) -> list[RoundStory]:
        """The rounds whose candidate became best."""
        return [one for one in self.rounds if one.is_kept]


Pending = Literal["baseline", "keep", "stop"]


def tell_run(entries: Iterable[Entry], *, pending: Pending | None = None) -> RunStory:
    """Fold a journal into the story of its run; ``pending`` is told as if it were done already."""
    story, last = RunStory(), None
    for last in entries:
        _add(story, last)
    if pending is not None and last is not None:
        for fact in _facts_to_come(story, pending):
            _add(story, replace(last, seq=last.seq + 1, round=story.state.round, fact=fact))
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
        case "stop":
            return (sealed,)


def _add(story: RunStory, entry: Entry) -> None:
    story.state = evolve(story.state, entry)
    _add_round(story, entry)
    _add_run(story, entry)


def _add_round(story: RunStory, entry: Entry) -> None:
    if isinstance(entry.fact, r.RoundOpened):
        story.open_round = RoundStory(round=entry.fact.round, opened_s=entry.at_s, best=entry.fact.best)
    elif story.open_round is not None:
        add_fact(story.open_round, entry)
        if story.open_round.ending is not None:
            _close_round(story, story.open_round, entry.at_s)


def _close_round(story: RunStory, over: RoundStory, at_s: float) -> None:
    # A keep is dated by its verdict: the row is written before the keep itself is a fact.
    story.told_s = over.judged_s if over.is_kept and over.judged_s is not None else at_s
    story.rounds.append(over)
    story.open_round = None


def _add_run(story: RunStory, entry: Entry) -> None:
    match entry.fact:
        case f.RunStarted() as fact:
            story.started, story.told_s = fact, entry.at_s
        case f.DaemonStarted() as fact:
            story.containment = fact.containment
        case f.Benched(classes=(_, *_)) as fact:
            story.baseline_s = story.told_s = entry.at_s
            story.class_note = fact.class_note
        case f.NoiseJudged() as fact:
            story.noise_notes = fact.notes
        case f.HeadlineJudged():
            story.told_s = entry.at_s
        case f.StopPlanned() as fact:
            story.told_s = entry.at_s
            story.stops.append((entry.at_s, fact.reason))
        case _:
            pass

"""What the page tells, folded from the journal fact by fact, so that a live page never reads a fact twice."""

from dataclasses import dataclass, field
from typing import NamedTuple

from kernel_opt.model.facts import Entry, HeadlineJudged
from kernel_opt.model.verdict import Verdict
from kernel_opt.views.run_story import RunStory, add_entry
from kernel_opt.views.story import RoundStory


class Headline(NamedTuple):
    """Baseline against best, measured afresh after a round."""

    round: int
    verdict: Verdict


class Standing(NamedTuple):
    """How the run stands when the page is made, as an onlooker tells it."""

    word: str
    """``running``, ``waiting``, ``stopped``, ``dead`` ...; empty: nobody looked."""
    text: str = ""
    since_s: float | None = None
    advice: str = ""


@dataclass(slots=True)
class PageStory:
    """A run as far as its facts were read."""

    run: RunStory = field(default_factory=RunStory)
    headlines: list[Headline] = field(default_factory=list[Headline])
    facts: int = 0
    last_s: float = 0.0

    def add(self, entry: Entry) -> None:
        """Add the next fact."""
        add_entry(self.run, entry)
        self.facts, self.last_s = entry.seq, entry.at_s
        if isinstance(entry.fact, HeadlineJudged):
            self.headlines.append(Headline(entry.round, entry.fact.verdict))

    @property
    def rounds(self) -> list[RoundStory]:
        """Every round, the open one last."""
        return [*self.run.rounds, *self.run.open_rounds.values()]

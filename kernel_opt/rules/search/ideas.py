"""Which idea of a playbook comes next: the one that the trace speaks for most, never one that was tried."""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from kernel_opt.model.idea import Idea
from kernel_opt.rules.search.dice import Dice


class HotLine(Struct, frozen=True, kw_only=True):
    """A hotspot with the text of its source line."""

    id: str
    kernel: str
    text: str
    share_pct: float


class Ranked(Struct, frozen=True, kw_only=True):
    """An idea with the evidence for it."""

    name: str
    idea: Idea
    share_pct: float
    hotspots: tuple[str, ...]


def rank_ideas(
    ideas: Mapping[str, Idea], past: Sequence[tuple[str, str]], lines: Sequence[HotLine]
) -> tuple[Ranked, ...]:
    """Return the ideas worth a round, best first; without any trace only those that need no evidence."""
    found: list[Ranked] = []
    for name, idea in _open_ideas(ideas, past):
        hits = _find_evidence(idea, lines)
        share_pct = sum(line.share_pct for line in hits)
        if share_pct >= idea.evidence.min_share_pct and (hits or not idea.evidence.min_share_pct):
            spots = tuple(line.id for line in hits)
            found.append(Ranked(name=name, idea=idea, share_pct=share_pct, hotspots=spots))
    return tuple(sorted(found, key=lambda one: (-one.share_pct * abs(one.idea.predicts.pct), one.name)))


def shuffle_ideas(ideas: Mapping[str, Idea], past: Sequence[tuple[str, str]], seed: int) -> tuple[Ranked, ...]:
    """Return the ideas that may come now in an order of chance: for when what the trace shows is withheld."""
    dice, left, order = Dice(seed), sorted(ideas), list[str]()
    while left:
        order.append(left.pop(dice.below(len(left))))
    may_come = sorted(_open_ideas(ideas, past), key=lambda one: order.index(one[0]))
    return tuple(Ranked(name=name, idea=idea, share_pct=0.0, hotspots=()) for name, idea in may_come)


def _open_ideas(ideas: Mapping[str, Idea], past: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Idea]]:
    """Yield the ideas that were not tried and stand on nothing that was not kept."""
    endings = {sentence: ending for sentence, ending in past if ending != "infrastructure"}
    kept = {name for name, idea in ideas.items() if endings.get(one_line(idea.hypothesis)) == "kept"}
    for name, idea in ideas.items():
        if one_line(idea.hypothesis) not in endings and kept.issuperset(idea.after):
            yield name, idea


def one_line(text: str) -> str:
    """Return a hypothesis as it stands in the journal."""
    return " ".join(text.split())


def _find_evidence(idea: Idea, lines: Sequence[HotLine]) -> list[HotLine]:
    wanted = idea.evidence
    return [
        line
        for line in lines
        if re.search(wanted.kernel, line.kernel) and line.text and re.search(wanted.source, line.text)
    ]

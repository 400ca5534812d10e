"""What the rounds so far say about points: which were tried, and how each fared against the kernel as found.

A round is measured against the best of its time. Every keep is a round too, so the ratios chain: the level of a point
is that of the best it was measured against plus ln of its own ratio, class by class.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kernel_opt.model.round_facts import Ending
from kernel_opt.rules.search.forest import Levels
from kernel_opt.rules.search.points import Seen

Digits = tuple[int, ...]
"""A point as told in a sentence: for each declared knob 0 where it is not in the code, else the place of its value."""

_NAME = re.compile(r"\(knob point (\d+(?:\.\d+)*)\)")
_BROKEN = {Ending.WRONG.value, Ending.FAILED.value, Ending.UNUSED.value}


class PastTrial(NamedTuple):
    """One hypothesis, how it ended, and candidate over best for each class that was measured."""

    sentence: str
    ending: str
    ratios: Mapping[str, float]


class Tried(NamedTuple):
    """A point that was proposed."""

    digits: Digits
    is_broken: bool
    """It computes wrong numbers or does not run."""
    levels: Mapping[str, float]
    """ln of time over that of the kernel as found, for each class that was measured."""


class Past(NamedTuple):
    """All points so far, and where best stands."""

    tried: tuple[Tried, ...]
    best: Mapping[str, float]
    """Levels of best; a class never measured since is where it began, at 0."""
    classes: tuple[str, ...]

    @property
    def best_levels(self) -> Levels:
        """Return where best stands, one number a class; one number for all where none was measured yet."""
        return tuple(self.best.get(key, 0.0) for key in self.classes) or (0.0,)


def name_point(digits: Digits) -> str:
    """Return how a sentence names a point, to be found again."""
    return f"(knob point {'.'.join(map(str, digits))})"


def find_point(sentence: str) -> Digits | None:
    """Return the point that a sentence names."""
    found = _NAME.search(sentence)
    return tuple(map(int, found[1].split("."))) if found else None


def read_past(trials: Iterable[PastTrial]) -> Past:
    """Fold the rounds so far; what the machine's faults ended was not tried."""
    best: dict[str, float] = {}
    tried: list[Tried] = []
    for trial in trials:
        levels = {key: best.get(key, 0.0) + math.log(ratio) for key, ratio in trial.ratios.items() if ratio > 0}
        digits = find_point(trial.sentence)
        if digits is not None and trial.ending != Ending.INFRASTRUCTURE.value:
            tried.append(Tried(digits, trial.ending in _BROKEN, levels))
        if trial.ending == Ending.KEPT.value:
            best |= levels
    return Past(tuple(tried), best, tuple(sorted({*best, *(key for one in tried for key in one.levels)})))


def points_of(past: Past, numbers: Sequence[int], count: int) -> tuple[list[Seen], set[tuple[int, ...]]]:
    """Return the points of these knobs out of ``count`` declared ones: those that teach, and those that only are taken.

    A point of other knobs than these was of other code, and says nothing.
    """
    teaching: dict[tuple[int, ...], Seen] = {}
    taken: set[tuple[int, ...]] = set()
    for one in past.tried:
        present = [number for number, digit in enumerate(one.digits) if digit]
        if len(one.digits) != count or present != list(numbers):
            continue
        point = tuple(one.digits[number] - 1 for number in numbers)
        if one.is_broken:
            teaching[point] = Seen(point, None)
        elif one.levels.keys() >= set(past.classes):
            teaching[point] = Seen(point, tuple(one.levels[key] for key in past.classes))
        else:
            taken.add(point)
    return list(teaching.values()), taken - teaching.keys()

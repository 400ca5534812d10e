"""What the points seen so far say about one not seen: a forest of random trees, each with its own opinion."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from kernel_opt.rules.search.dice import Dice

Point = tuple[int, ...]
"""One value per knob, as its place in the knob's list."""
Levels = tuple[float, ...]
"""ln of the time of each config class, in the same order everywhere."""

_TREES = 24  # more change the ranking of candidates by less than their noise
_LEAF = 2  # points; a leaf of one would be as sure of a lucky run as of a good one
_TRIES = 6  # random splits looked at per node: few enough that trees differ, enough that they see what matters


class Sample(NamedTuple):
    """A point with what was measured of it."""

    point: Point
    levels: Levels
    level: float
    """Their mean: what the search is to lower."""


class Guess(NamedTuple):
    """What a forest expects of a point, and how far off that may be."""

    level: float
    sd: float
    levels: Levels


class _Leaf(NamedTuple):
    level: float
    variance: float
    levels: Levels


class _Question(NamedTuple):
    """Whether the knob's value is this one, or at most this one."""

    knob: int
    value: int
    is_exact: bool

    def asks(self, point: Point) -> bool:
        """Return the answer for a point."""
        value = point[self.knob]
        return value == self.value if self.is_exact else value <= self.value


class _Fork(NamedTuple):
    question: _Question
    yes: "_Tree"
    no: "_Tree"


_Tree = _Leaf | _Fork


class Forest:
    """Trees grown from samples."""

    def __init__(self, samples: Sequence[Sample], dice: Dice) -> None:
        self._trees = [_grow(samples, dice) for _ in range(_TREES)]

    def guess(self, point: Point) -> Guess:
        """Return what the trees expect: their spread and that within their leaves are the doubt."""
        leaves = [_descend(tree, point) for tree in self._trees]
        level = sum(leaf.level for leaf in leaves) / len(leaves)
        variance = sum(leaf.variance + (leaf.level - level) ** 2 for leaf in leaves) / len(leaves)
        return Guess(level, math.sqrt(variance), _mean([leaf.levels for leaf in leaves]))


def _descend(tree: _Tree, point: Point) -> _Leaf:
    while isinstance(tree, _Fork):
        tree = tree.yes if tree.question.asks(point) else tree.no
    return tree


def _grow(samples: Sequence[Sample], dice: Dice) -> _Tree:
    question = _find_question(samples, dice) if len(samples) >= 2 * _LEAF else None
    if question is None:
        level = sum(sample.level for sample in samples) / len(samples)
        variance = sum((sample.level - level) ** 2 for sample in samples) / len(samples)
        return _Leaf(level, variance, _mean([sample.levels for sample in samples]))
    yes = [sample for sample in samples if question.asks(sample.point)]
    no = [sample for sample in samples if not question.asks(sample.point)]
    return _Fork(question, _grow(yes, dice), _grow(no, dice))


def _find_question(samples: Sequence[Sample], dice: Dice) -> _Question | None:
    """Return the best of a few random questions, None when none of them tells the samples apart."""
    best, found = -math.inf, None
    total = sum(sample.level for sample in samples)
    for _ in range(_TRIES):
        knob = dice.below(len(samples[0].point))
        question = _Question(knob, dice.pick(samples).point[knob], dice.below(2) == 0)
        inside = [sample.level for sample in samples if question.asks(sample.point)]
        outside = len(samples) - len(inside)
        if not outside:
            continue
        # The larger this is, the less the levels still vary within the two parts.
        part = sum(inside)
        told = part * part / len(inside) + (total - part) ** 2 / outside
        if told > best:
            best, found = told, question
    return found


def _mean(rows: Sequence[Levels]) -> Levels:
    return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))

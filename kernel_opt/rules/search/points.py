"""Which point of the knobs to try next: a pure function of the points seen so far, and a seed.

A forest learns from every point how long each config class takes; tried next is the point that promises the largest
gain over best, counted less the more some class is expected to lose by it, since such a candidate would not be kept.
Candidates are the neighbours of the points that did best, and strangers from anywhere.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kernel_opt.rules.search.dice import Dice
from kernel_opt.rules.search.forest import Forest, Guess, Levels, Point, Sample

_FIRST = 10  # points before the forest is asked: fewer teach it nothing
_LEADERS = 4  # points whose neighbours are candidates
_STRANGERS = 150  # candidates from anywhere: as many as neighbours, so that no valley is a prison
_DRAWS = 600  # at random; where all of them are taken or forbidden, the rest is looked through one by one
_HARM = 0.02  # ln; a class expected to lose this much makes a keep half as likely, a loss of 1 % hardly shows
_SURE = 1e-3  # ln; no guess is surer than a measurement


class Space(NamedTuple):
    """The points there are."""

    sizes: tuple[int, ...]
    """How many values each knob has."""
    allows: Callable[[Point], bool]


class Seen(NamedTuple):
    """A point that was tried."""

    point: Point
    levels: Levels | None
    """None: it computes wrong numbers or does not run."""


def next_point(space: Space, past: Sequence[Seen], best: Seen | None, seed: int) -> Point | None:
    """Return the point to try next, never one of the past nor best; None when nothing is left."""
    known = [*past, best] if best else [*past]
    taken = {seen.point for seen in known}
    dice = Dice(seed * 1_000_003 + len(taken))  # every step throws other dice, the same again after a restart
    samples = _samples(known)
    if len(known) < _FIRST or not samples:
        return _first_steps(space, taken, best, dice)
    leaders = sorted(samples, key=lambda one: one.level)[:_LEADERS]
    aim = next((s for s in samples if best and s.point == best.point), leaders[0])
    forest = Forest(samples, dice)
    candidates = {point for leader in (aim, *leaders) for point in _neighbours(space, leader.point)}
    fresh = sorted((candidates | _strangers(space, taken, dice)) - taken) or _rest(space, taken)
    return max(fresh, key=lambda point: _promise(forest.guess(point), aim), default=None)


def _samples(known: Sequence[Seen]) -> list[Sample]:
    """Return what the forest learns from; a point that does not run counts as the slowest that does."""
    right = [Sample(one.point, one.levels, sum(one.levels) / len(one.levels)) for one in known if one.levels]
    if not right:
        return []
    slowest = max(right, key=lambda one: one.level)
    return [*right, *(slowest._replace(point=one.point) for one in known if not one.levels)]


def _first_steps(space: Space, taken: set[Point], best: Seen | None, dice: Dice) -> Point | None:
    """Begin beside best and anywhere in turn: best is rarely far off, and the forest must see the rest too."""
    if best is not None and len(taken) % 2:
        beside = [point for point in _neighbours(space, best.point) if point not in taken]
        if beside:
            return dice.pick(beside)
    strangers = _strangers(space, taken, dice, 1) or _rest(space, taken)
    return min(strangers, default=None)


def _neighbours(space: Space, point: Point) -> Iterator[Point]:
    """Yield every point that differs in one knob."""
    for knob, size in enumerate(space.sizes):
        for value in range(size):
            other = (*point[:knob], value, *point[knob + 1 :])
            if value != point[knob] and space.allows(other):
                yield other


def _promise(guess: Guess, aim: Sample) -> float:
    """Return the expected gain over ``aim``, times the chance that no class pays for it."""
    sd = max(guess.sd, _SURE)
    ahead = (aim.level - guess.level) / sd
    gain = sd * (ahead * (1 + math.erf(ahead / math.sqrt(2))) / 2 + math.exp(-ahead * ahead / 2) / math.sqrt(math.tau))
    harm = max(after - before for after, before in zip(guess.levels, aim.levels, strict=True))
    return gain / (1 + math.exp(min(max(harm / _HARM - 1, 0.0), 50.0))) if len(aim.levels) > 1 else gain


def _strangers(space: Space, taken: set[Point], dice: Dice, wanted: int = _STRANGERS) -> set[Point]:
    """Draw free points from anywhere; fewer than wanted where they are rare."""
    found: set[Point] = set()
    for _ in range(_DRAWS):
        point = tuple(dice.below(size) for size in space.sizes)
        if point not in taken and space.allows(point):
            found.add(point)
            if len(found) == wanted:
                break
    return found


def _rest(space: Space, taken: set[Point]) -> list[Point]:
    """Look for a free point one by one; empty when none is left."""
    every = itertools.product(*map(range, space.sizes))
    return list(itertools.islice((point for point in every if point not in taken and space.allows(point)), 1))

"""Plays rules through trials and through long runs of rounds, and counts."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.judge.noise import Array, Machine
from bench.judge.trial import CLASSES, TARGET, Rule, Trial

ROUNDS = 200  # About one night.
SIDE = 3  # Index of the class that pays in the side-effect scenario.

MakeMachine = Callable[[np.random.Generator, int], Machine]


def only(target: float, side: float = 0.0) -> Array:
    """Return gains for the target and one other class, in ln."""
    gains = np.zeros(CLASSES)
    gains[TARGET], gains[SIDE] = target, side
    return gains


SCENARIOS = {
    "null": only(0.0),
    "+1 %": only(0.01),
    "+2 %": only(0.02),
    "+5 %": only(0.05),
    "-2 %": only(-0.02),
    "+3 %, a class -5 %": only(0.03, -0.05),
}


@dataclass(frozen=True)
class Tally:
    """How often a rule kept and blamed in one scenario, and what it spent."""

    trials: int
    kept: int
    worse: int
    runs: int


def play_trials(rule: type[Rule], make: MakeMachine, gains: Array, trials: int, seed: int, label: str) -> Tally:
    """Play one scenario; every trial has its own machine, the same for every rule."""
    kept = worse = runs = 0
    for number in range(trials):
        rng = np.random.default_rng([seed, zlib.crc32(label.encode()), number])
        player, trial = rule(), Trial(make(rng, CLASSES), gains)
        player.start(trial)
        trial.machine.open_session()
        trial.runs = 0
        decision = player.decide(trial)
        kept += decision.kept
        worse += decision.worse and not decision.kept
        runs += trial.runs
    return Tally(trials, kept, worse, runs)


@dataclass(frozen=True)
class Night:
    """One long run: what was claimed and what was true, in ln."""

    kept: int
    false_kept: int
    claimed: float
    true: float
    worst_side: float
    runs: int


def play_night(rule: type[Rule], make: MakeMachine, mixed: bool, seed: int, number: int) -> Night:
    """Play 200 rounds; candidates change nothing, or are a usual mix of losses, nulls and a few gains."""
    rng = np.random.default_rng([seed, 977, number])
    draws = np.random.default_rng([seed, 978, number])
    player, start = rule(), Trial(make(rng, CLASSES), only(0.0))
    player.start(start)
    level, kept, false_kept, claimed, runs = start.level.copy(), 0, 0, 0.0, 0
    for _ in range(ROUNDS):
        trial = Trial(start.machine, draw_gains(draws) if mixed else only(0.0), level)
        trial.machine.open_session()
        decision = player.decide(trial)
        runs += trial.runs
        if decision.kept:
            kept += 1
            false_kept += bool(trial.gains[TARGET] <= 0)
            claimed += decision.claim
            level = level - trial.gains

            player.moved()
    change = start.level - level
    return Night(kept, false_kept, claimed, float(change[TARGET]), float(change.min()), runs)


def draw_gains(rng: np.random.Generator) -> Array:
    """Draw a candidate: half change nothing, a third lose, the rest gain; one in five gains costs another class."""
    kind = rng.random()
    if kind < 0.49:
        return only(0.0)
    if kind < 0.79:
        return only(-float(rng.exponential(0.05)))
    return only(float(rng.exponential(0.015)), -0.05 if rng.random() < 0.2 else 0.0)

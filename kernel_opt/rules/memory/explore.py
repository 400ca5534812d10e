"""Where the next hypothesis is to come from: on from best while that pays, then further and further away."""

from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState, Trial

LADDER = (Aim.OTHER_BOTTLENECK, Aim.OTHER_CLASS, Aim.COMBINE, Aim.RADICAL)
"""From the nearest to the furthest; after the last it begins again, since best's trace may be another by then."""

NO_TRY = frozenset({Ending.INFRASTRUCTURE, Ending.GAVE_NOTHING, Ending.REFUSED})
"""Endings that say nothing about where gains are."""

NEAR = frozenset({
    Ending.TIE, Ending.UNCLEAR, Ending.DIVERGING, Ending.SPLIT_FAILED, Ending.FORMAT_LOST, Ending.REBASE_LOST,
})  # fmt: skip
"""Endings of tries that may have been worth something, though not enough to be shown alone."""

MOST_NEAR = 5  # more would not be combined in one edit


def choose_ask(state: RunState, limits: Settings) -> Ask:
    """Return what the next round asks for; the same state gives the same ask."""
    tries = tries_since_keep(state.trials)
    dry, patience = len(tries), limits.explore.patience
    if limits.explore.probe_every and dry and dry % limits.explore.probe_every == 0 and tries[-1].aim is not Aim.PROBE:
        return Ask(aim=Aim.PROBE, dry=dry)
    rung = dry // patience if patience else 0
    if rung == 0:
        return Ask(aim=Aim.EXPLOIT, dry=dry)
    near = find_near_misses(tries, limits.judge.min_effect_pct)
    return _ask_for(LADDER[(rung - 1) % len(LADDER)], tries, state.classes, near)


def _ask_for(aim: Aim, tries: Sequence[Trial], classes: Sequence[ConfigClass], near: Sequence[Trial]) -> Ask:
    """Fill in what is meant; what there is nothing to fill in for becomes the next thing that makes sense."""
    dry, avoid = len(tries), _cited(tries)
    if aim is Aim.OTHER_BOTTLENECK and avoid:
        return Ask(aim=aim, avoid=avoid, dry=dry)
    if aim is Aim.OTHER_CLASS and (towards := _neglected(tries, classes)):
        return Ask(aim=aim, towards=towards, avoid=avoid, dry=dry)
    if aim is Aim.COMBINE and len(near) > 1:
        return Ask(aim=aim, combine=tuple(one.round for one in near), dry=dry)
    return Ask(aim=Aim.RADICAL, avoid=avoid, dry=dry)


def tries_since_keep(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return the tries on top of the best of now that told something."""
    tries: list[Trial] = []
    for trial in reversed(trials):
        if trial.ending is Ending.KEPT:
            break
        if trial.ending not in NO_TRY:
            tries.append(trial)
    return tuple(reversed(tries))


def find_near_misses(trials: Sequence[Trial], min_effect_pct: float) -> tuple[Trial, ...]:
    """Return the tries that may well have gained, on some class at least, the most first."""
    near = [one for one in trials if one.ending in NEAR and best_gain_pct(one) > 0 and _may_reach(one, min_effect_pct)]
    return tuple(sorted(near, key=lambda one: (-best_gain_pct(one), -one.round))[:MOST_NEAR])


def _may_reach(trial: Trial, min_effect_pct: float) -> bool:
    """Say whether what was measured leaves room for a gain worth keeping."""
    return best_gain_pct(trial) + (trial.uncertainty_pct or 0.0) >= min_effect_pct


def best_gain_pct(trial: Trial) -> float:
    """Return the gain on its target, or on the class that gained most where the classes did not agree; 0: none."""
    gains = [trial.gain_pct or 0.0]
    if trial.ending in (Ending.DIVERGING, Ending.SPLIT_FAILED):
        gains += [100 * (1 - ratio) for _, ratio in trial.ratios]
    return max(gains)


def _cited(tries: Sequence[Trial]) -> tuple[str, ...]:
    """Return the bottlenecks that were tried since the last keep, in the order of their first try."""
    return tuple(dict.fromkeys(spot for trial in tries for spot in trial.bottlenecks))


def _neglected(tries: Sequence[Trial], classes: Sequence[ConfigClass]) -> tuple[str, ...]:
    """Return the classes that no try was about by name, the most time first; of one class it is none."""
    named = {key for trial in tries for key in trial.targets}
    left = sorted((one for one in classes if one.key not in named), key=lambda one: (-one.share_pct, one.key))
    return tuple(one.key for one in left) if len(classes) > 1 else ()

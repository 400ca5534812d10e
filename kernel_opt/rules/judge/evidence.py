"""How strongly pairs of runs speak for a gain, a loss or neither.

The evidence for a set of effects against another is the weighted likelihood of the one over the best likelihood within
the other. If the noise model held, such a ratio would exceed c at any time of looking with a chance of at most 1 / c
while the other set is true, so looking after every run is free. The scale is estimated, so what is really kept by
chance is measured by the benchmark of the judge, not proved.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from kernel_opt.rules.judge.series import GRID, Series
from kernel_opt.rules.judge.stats import clip, log_sum_exp, mean, median, t_quantile_975

USUAL_EFFECT = 0.025  # Most edits move a kernel by a few percent; larger gains are rarer.
_RARE = math.log(1e-3)  # Weight that even a doubled speed keeps, beside 1 for no effect.
_SHOWN_PRIOR = math.log(0.05)  # Given to a loss that was chosen after it was seen.
SIDE_EFFECT = 0.05  # A class that was not aimed at, once hit, is hit harder than that.


def evidence(
    likelihoods: Sequence[float],
    claim: Callable[[float], bool],
    denial: Callable[[float], bool],
    usual: float = USUAL_EFFECT,
) -> float:
    """Return ln of the odds of the claimed effects, averaged, against the best of the denied ones."""
    claimed = [
        (_log_weight(effect, usual), value) for effect, value in zip(GRID, likelihoods, strict=True) if claim(effect)
    ]
    average = log_sum_exp([weight + value for weight, value in claimed]) - log_sum_exp(
        [weight for weight, _ in claimed]
    )
    return average - max(value for effect, value in zip(GRID, likelihoods, strict=True) if denial(effect))


@cache
def _log_weight(effect: float, usual: float) -> float:
    return max(-abs(effect) / usual, _RARE)


def gain_evidence(likelihoods: Sequence[float], least: float) -> float:
    """Return the evidence for a gain of at least ``least`` against no gain."""
    return evidence(likelihoods, lambda effect: effect >= least, lambda effect: effect <= 0)


def loss_evidence(likelihoods: Sequence[float], least: float) -> float:
    """Return the evidence for a loss of at least ``least`` against no loss."""
    return evidence(likelihoods, lambda effect: effect <= -least, lambda effect: effect >= 0)


def anchored_loss_evidence(series: Series, least: float) -> float:
    """Return the same with the bank as a witness."""
    found = loss_evidence(series.anchored_likelihoods, least)
    return max(found, _shown_loss_evidence(series, least, lambda effect: effect >= 0))


def futility_evidence(series: Series, least: float) -> float:
    """Return the evidence for no gain against a gain of twice ``least``, the bank as a witness."""
    likelihoods = series.anchored_likelihoods
    found = evidence(likelihoods, lambda effect: effect <= 0, lambda effect: effect >= 2 * least)
    return max(found, _shown_loss_evidence(series, least, lambda effect: effect >= 2 * least))


def _shown_loss_evidence(series: Series, least: float, denial: Callable[[float], bool]) -> float:
    """Weigh just the loss that shows: a build twice as slow lies between the effects of the grid."""
    shown = series.shown_loss(least)
    if shown is None:
        return -math.inf
    denied = max(value for effect, value in zip(GRID, series.anchored_likelihoods, strict=True) if denial(effect))
    return _SHOWN_PRIOR + shown - denied


def side_effect_evidence(likelihoods: Sequence[float], least: float) -> float:
    """Return the evidence for a loss of twice ``least`` against at most ``least``, in a class not aimed at."""
    return evidence(likelihoods, lambda effect: effect <= -2 * least, lambda effect: effect >= -least, SIDE_EFFECT)


@dataclass(frozen=True)
class Estimate:
    """The effect with its uncertainty, in ln."""

    gain: float
    error: float
    interval: tuple[float, float]


def estimate(series: Series) -> Estimate | None:
    """Return the gain and its 95 % interval from the pairs, or against the bank where there is no pair yet."""
    differences = series.differences
    if not differences:
        return _against_bank(series)
    gain = clipped_mean(differences, series.sd)
    error = series.sd / math.sqrt(len(differences))
    reach = t_quantile_975(series.freedom) * error
    return Estimate(gain, error, (gain - reach, gain + reach))


def clipped_mean(differences: Sequence[float], sd: float) -> float:
    """Return the mean with each value pulled in to two standard deviations from the median."""
    return mean(clip(differences, median(differences), 2 * sd))


def _against_bank(series: Series) -> Estimate | None:
    if series.level is None or not series.candidate:
        return None
    gain = series.level - mean(series.candidate)
    error = math.hypot(series.bank_sd / math.sqrt(2 * len(series.candidate)), series.level_error)
    reach = t_quantile_975(series.freedom) * error
    return Estimate(gain, error, (gain - reach, gain + reach))

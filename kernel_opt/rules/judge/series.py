"""One class through a measurement, and how likely its times are under each effect.

A difference is ln(best) - ln(candidate), positive when the candidate is faster. Real runs have heavier tails than a
normal, so a Student t with 4 degrees of freedom stands for one difference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log1p

from kernel_opt.rules.judge.stats import T4_TO_SD, clip, log_sum_exp, median, robust_sd, t4_sd

_HALF_GRID_PCT = (0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 5.0, 8.0, 12.0, 20.0, 32.0, 50.0, 80.0)
GRID = tuple(sorted({0.0} | {sign * pct / 100 for pct in _HALF_GRID_PCT for sign in (-1, 1)}))
"""Effects looked at; finer near the least effect, where the decisions fall."""
_HELD_UP = 0.25  # Density of slow runs: on recorded cards about one in 40 is slow, by some 10 %.
_T4_PEAK = 0.375  # Density of a t with 4 degrees of freedom at its middle, per unit of scale.
BANK_WEIGHT = 12  # Degrees of freedom that the bank's 24 runs are worth.
OWN_FLOOR = 0.5  # Part of the pairs' own scale that a calmer bank cannot talk away.
UNKNOWN_WEIGHT = 2  # Without a bank its default scale is hardly more than a guess.
_OFFSETS = tuple(step / 2 for step in range(-5, 6))  # Session offsets looked at, in units of the level's error.


@dataclass(frozen=True)
class Series:
    """One class (or the target's mean) through a measurement: ln of time per run, and what the bank knows."""

    best: tuple[float, ...]
    candidate: tuple[float, ...]
    bank_sd: float
    """Of one difference."""
    bank_weight: int = BANK_WEIGHT
    level: float | None = None
    """The bank's ln time of best on this card; None when it has none."""
    level_error: float = 0.005
    """How far this session may stand off that level."""

    @cached_property
    def differences(self) -> tuple[float, ...]:
        """Pair the i-th run of best with the i-th of the candidate."""
        return tuple(a - b for a, b in zip(self.best, self.candidate, strict=False))

    def first(self, pairs: int) -> "Series":
        """Return the same class as it stood after so many pairs."""
        return replace(self, best=self.best[:pairs], candidate=self.candidate[:pairs])

    @cached_property
    def sd(self) -> float:
        """Blend the bank's standard deviation of a difference with what these pairs show."""
        values = self.differences
        if not values:
            return self.bank_sd
        middle = median(values)
        known = self.bank_weight == BANK_WEIGHT
        width = self.bank_sd if known else max(self.bank_sd, robust_sd([value - middle for value in values]))
        spread = math.fsum((value - middle) ** 2 for value in clip(values, middle, 2.5 * width))
        pooled = math.sqrt((self.bank_weight * self.bank_sd**2 + spread) / (self.bank_weight + len(values) - 1))
        if len(values) == 1:
            return pooled
        own = t4_sd([value - middle for value in values]) * math.sqrt(len(values) / (len(values) - 1))
        return max(pooled, OWN_FLOOR * own)

    @property
    def freedom(self) -> float:
        """Degrees of freedom behind the standard deviation."""
        return self.bank_weight + max(0, len(self.differences) - 1)

    @cached_property
    def likelihoods(self) -> list[float]:
        """The log likelihood of each effect on the grid, from the pairs alone."""
        scale = self.sd / T4_TO_SD
        return [_log_t4([value - effect for value in self.differences], scale) for effect in GRID]

    @cached_property
    def anchored_likelihoods(self) -> list[float]:
        """The same with the bank's level as one more witness, the session's offset averaged out."""
        if self.level is None:
            return self.likelihoods
        return self._anchored(GRID)

    def _anchored(self, effects: Sequence[float]) -> list[float]:
        scale = self.sd / T4_TO_SD / math.sqrt(2)
        rows: list[list[float]] = []
        for offset in _OFFSETS:
            level = (self.level or 0.0) + offset * self.level_error
            shared = -(offset**2) / 2 + _log_run([value - level for value in self.best], scale)
            centred = [value - level for value in self.candidate]
            rows.append([shared + _log_run([value + effect for value in centred], scale) for effect in effects])
        return [log_sum_exp(column) for column in zip(*rows, strict=True)]

    def shown_loss(self, least: float) -> float | None:
        """Return the anchored likelihood of just the loss that the runs show, None when they show none."""
        if self.level is None or not self.candidate:
            return None
        shown = self.level - median(self.candidate)
        return self._anchored([shown])[0] if shown <= -least else None


def _log_t4(deviations: Sequence[float], scale: float) -> float:
    inverse = 1 / (4 * scale * scale)
    # One logarithm of a product is much cheaper than a sum of many; only absurd times make it overflow.
    product = math.prod([1 + value * value * inverse for value in deviations])
    logs = math.log(product) if product < math.inf else sum([log1p(value * value * inverse) for value in deviations])
    return -2.5 * logs


def _log_run(deviations: Sequence[float], scale: float) -> float:
    """Return the same for single runs: a slow one is as likely a run that was held up as a run of a slow build."""
    inverse, held_up = 1 / (4 * scale * scale), math.log(_HELD_UP * scale / _T4_PEAK)
    found = [-2.5 * log1p(value * value * inverse) for value in deviations]
    return sum([max(one, held_up) if value > 0 else one for one, value in zip(found, deviations, strict=True)])

"""One measurement laid out for the judge: the target's series, and every class beside it."""

import math
from collections.abc import Sequence
from functools import cached_property

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.errors import UsageError
from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Arm, Metric
from kernel_opt.rules.judge.bank import UNKNOWN_SD, CardBank
from kernel_opt.rules.judge.series import BANK_WEIGHT, UNKNOWN_WEIGHT, Series
from kernel_opt.rules.judge.stats import median
from kernel_opt.rules.judge.times import WHOLE, Times

REFUTED = 3.0  # Standard errors; below it the bank's own doubt about its level is enough.


class Case:
    """What is judged: every run readable, on one card, by one metric. Series are read when first asked for."""

    def __init__(self, times: Times, known: CardBank, targets: Sequence[str], limits: JudgeLimits) -> None:
        self.times = times
        self.limits = limits
        self.targets = tuple(targets)
        self.metric = times.metric
        self._known = known

    @cached_property
    def target(self) -> Series:
        """The mean over the target classes, or the whole kernel."""
        return self._read(self.metric, self.targets or self.times.keys)

    @cached_property
    def overall(self) -> Series:
        """The mean over all classes, or the whole kernel."""
        return self._read(self.metric, self.times.keys)

    @cached_property
    def script(self) -> Series:
        """The target by script time, whatever the metric."""
        return self._read(Metric.SCRIPT, self.targets or self.times.keys)

    @cached_property
    def sides(self) -> dict[str, Series]:
        """Every class, by the metric that knows classes."""
        return {key: self._read(self.times.class_metric, [key]) for key in self.times.keys}

    @property
    def watched(self) -> tuple[str, ...]:
        """Name the classes that must not lose: all, but for a single target."""
        return tuple(key for key in self.times.keys if self.targets != (key,))

    @property
    def is_bank_fresh(self) -> bool:
        """Whether best ran in the measurement before this one."""
        return self._known.is_fresh

    @property
    def least(self) -> float:
        """The least effect, in ln."""
        return self.limits.min_effect_pct / 100

    @property
    def bar(self) -> float:
        """The evidence that a keep needs."""
        return math.log(1 / (1 - self.limits.confidence))

    @property
    def pairs(self) -> int:
        """Count the complete pairs."""
        return len(self.target.differences)

    @property
    def may_keep(self) -> bool:
        """Whether this metric may keep a candidate on this platform."""
        return self.metric is not Metric.SCRIPT or not self.limits.gpu_time

    def _read(self, metric: Metric, keys: Sequence[str]) -> Series:
        keys = [WHOLE] if metric is Metric.GPU_WHOLE else keys
        raw = self._known.raw_sd(metric, keys)
        one_class = self._known.class_sds(metric, self.times.keys)[keys[0]] if keys[0] and len(keys) == 1 else None
        sd = one_class or raw or UNKNOWN_SD
        commit = self.times.measurement.best
        everything = [WHOLE] if metric is Metric.GPU_WHOLE else self.times.keys
        best = tuple(self.times.values(metric, keys, Arm.BEST))
        level = self._known.level(commit, metric, keys)
        error = self._known.level_error(commit, metric, keys, everything, sd)
        return Series(
            best=best,
            candidate=tuple(self.times.values(metric, keys, Arm.CANDIDATE)),
            bank_sd=sd,
            bank_weight=BANK_WEIGHT if raw else UNKNOWN_WEIGHT,
            level=None if _is_refuted(level, best, error, sd) else level,
            level_error=error,
        )


def _is_refuted(level: float | None, best: Sequence[float], error: float, sd: float) -> bool:
    """Say whether best now runs so far from the bank's level that the bank is of another state of the machine."""
    if level is None or not best:
        return False
    return abs(median(best) - level) > REFUTED * math.hypot(error, sd / math.sqrt(2 * len(best)))


def check_question(classes: Sequence[ConfigClass], targets: Sequence[str]) -> None:
    """Refuse a measurement without classes, and targets that are none of them."""
    known = [one.key for one in classes]
    if not known:
        raise UsageError("there is no config class to judge", "measure the baseline first")
    unknown = [key for key in targets if key not in known]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no config class", f"choose among: {'; '.join(known)}")

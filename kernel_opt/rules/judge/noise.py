"""How small a change this machine can show on this code: best measured against itself."""

from collections.abc import Sequence

from msgspec import Struct

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Measurement, Metric, TimedRun
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.telling import detectable_pct
from kernel_opt.rules.judge.times import Times

NOISE_RUNS = 12  # Of best against itself: a scale within 20 %, for the price of two candidates.
_RESOLVE_PCT = 2.0  # The gain that a class is expected to show.
_SHORT_US = 20.0  # Below this, launch and timer resolution are part of what is measured.


class ClassNoise(Struct, frozen=True, kw_only=True):
    """What one class can show."""

    key: str
    sd_pct: float | None
    """Standard deviation of the difference of two runs; None with fewer than five runs."""
    detectable_pct: float | None
    """Smallest change shown within the cap of pairs; None when the noise is unknown."""
    sentence: str
    """Empty, or why 2 % cannot be shown and what would help."""


class Noise(Struct, frozen=True, kw_only=True):
    """What each class can show, by the metric that decides."""

    metric: Metric
    classes: tuple[ClassNoise, ...]
    sentence: str


def noise_of(measurement: Measurement, classes: Sequence[ConfigClass], limits: JudgeLimits | None = None) -> Noise:
    """Return the noise per class from runs of best against itself."""
    limits = limits or JudgeLimits()
    if not measurement.runs:
        return Noise(metric=Metric.SCRIPT, classes=(), sentence="best was not yet measured against itself")
    times = Times(measurement, classes)
    known = Bank().with_measurement(measurement, classes).on_card(times.card)
    unsteady = _clock_sentence(times.runs, limits)
    found = tuple(_class_noise(known.raw_sd(times.class_metric, [one.key]), one, limits, unsteady) for one in classes)
    coarse = sum(1 for one in found if one.sentence)
    sentence = f"{coarse} of {len(found)} classes cannot show {_RESOLVE_PCT:g} %" if coarse else ""
    return Noise(metric=times.metric, classes=found, sentence=sentence)


def _class_noise(sd: float | None, one: ConfigClass, limits: JudgeLimits, unsteady: str) -> ClassNoise:
    if sd is None:
        sentence = f"the noise of {one.key} is unknown: too few runs of best against itself"
        return ClassNoise(key=one.key, sd_pct=None, detectable_pct=None, sentence=sentence)
    found = detectable_pct(sd, limits.max_pairs)
    sentence = ""
    if found > _RESOLVE_PCT:
        short = f" (its runs of {one.us:.1f} us are short: more inner repetitions would help most)"
        usual = " (more inner repetitions or fixed clocks would help)"
        help_text = short if one.us < _SHORT_US else unsteady or usual
        sentence = f"{one.key} shows changes from {found:.1f} % up within {limits.max_pairs} pairs{help_text}"
    return ClassNoise(key=one.key, sd_pct=100 * sd, detectable_pct=found, sentence=sentence)


def _clock_sentence(runs: Sequence[TimedRun], limits: JudgeLimits) -> str:
    clocks = [run.clock_mhz for run in runs if run.clock_mhz]
    if clocks and 100 * (max(clocks) / min(clocks) - 1) > limits.clock_change_pct:
        return f" (the clock moved between {min(clocks):g} and {max(clocks):g} MHz: fix it to see more)"
    return ""

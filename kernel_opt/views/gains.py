"""How much faster best is than the baseline, per class and for the whole, with what is known of it."""

import math

from msgspec import Struct

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.measurement import Metric
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import ClassVerdict, Verdict
from kernel_opt.views.format import known

SINGLE_RUNS = "script time, one benchmark run of each"
SCRIPT_AFRESH = "script time, measured afresh"
METRIC_WORDS = {Metric.GPU: "GPU time", Metric.GPU_WHOLE: "GPU time of the whole run", Metric.SCRIPT: "script time"}
_RUN_OF_DETECTABLE = 1.4  # 95 % span of one run's difference (1.96 sd) over what 16 pairs detect (1.4 sd)


class Gain(Struct, frozen=True, kw_only=True):
    """Per cent of time saved against the baseline; None where it is unknown."""

    gain_pct: float | None = None
    uncertainty_pct: float | None = None
    """Half of the 95 % interval, in percentage points."""
    how: str = ""


class ClassGain(Struct, frozen=True, kw_only=True):
    """One config class: baseline against best."""

    key: str
    share_pct: float
    baseline_us: float | None
    best_us: float | None
    gain: Gain


def class_gains(state: RunState) -> tuple[ClassGain, ...]:
    """Return every class, in the order of the benchmark's table."""
    afresh = {one.key: one for one in state.headline.classes} if state.headline and is_headline_current(state) else {}
    return tuple(_class_gain(state, one, afresh) for one in state.classes)


def overall_gain(state: RunState) -> Gain:
    """Return the whole kernel's gain: measured afresh when that is of this best, else from single runs."""
    if state.headline is not None and is_headline_current(state):
        return headline_gain(state.headline)
    if state.best is None:
        return Gain()
    ratios = [_ratio(state, one) for one in state.classes]
    logs = [math.log(ratio) for ratio in ratios if ratio]
    if not logs or len(logs) < len(ratios):
        return Gain()
    noises = [state.detectable_pct.get(one.key) for one in state.classes]
    seen = [noise for noise in noises if noise is not None]
    unsure = None
    if len(seen) == len(noises):
        unsure = _RUN_OF_DETECTABLE * math.sqrt(math.fsum(noise**2 for noise in seen)) / len(seen)
    return _of_ratio(math.exp(math.fsum(logs) / len(logs)), unsure, SINGLE_RUNS)


def is_headline_current(state: RunState) -> bool:
    """Say whether nothing was kept since the gain was last measured afresh."""
    return state.headline is not None and state.tally.headline_keeps == state.tally.keeps


def headline_gain(headline: Verdict) -> Gain:
    """Return what a headline measurement found."""
    return of_interval(headline.overall_ratio, headline.overall_interval, _afresh(headline))


def _afresh(headline: Verdict) -> str:
    return f"{METRIC_WORDS[headline.metric]}, measured afresh"


def _class_afresh(headline: Verdict) -> str:
    """Say what a class's figure rests on: GPU time of the whole run knows no classes."""
    return SCRIPT_AFRESH if headline.metric is Metric.GPU_WHOLE else _afresh(headline)


def of_interval(ratio: float | None, interval: tuple[float, float] | None, how: str) -> Gain:
    """Turn candidate over best, with its interval, into per cent saved."""
    return _of_ratio(ratio, None if interval is None else 50 * (interval[1] - interval[0]), how)


def gain_record(ratio: float | None, interval: tuple[float, float] | None) -> dict[str, float | list[float] | None]:
    """Return a gain with the ends of its 95 % interval as JSON says it, with no more digits than are known."""
    ends = None if interval is None else [round(100 * (1 - interval[1]), 2), round(100 * (1 - interval[0]), 2)]
    return {"gain_pct": of_interval(ratio, interval, "").gain_pct, "gain_interval_pct": ends}


def class_mean_us(run: BenchRun | None, one: ConfigClass) -> float | None:
    """Return the geometric mean of a class in one benchmark run; None when a row is missing."""
    if run is None:
        return None
    members = set(one.configs)
    times = [row.us for row in run.rows if row.key in members and row.us > 0]
    if not times or len(times) < len(members):
        return None
    return math.exp(math.fsum(map(math.log, times)) / len(times))


def _class_gain(state: RunState, one: ConfigClass, afresh: dict[str, ClassVerdict]) -> ClassGain:
    best = state.best.run if state.best else None
    found = afresh.get(one.key)
    if state.headline is not None and found is not None and found.ratio is not None:
        gain = of_interval(found.ratio, found.interval, _class_afresh(state.headline))
    elif state.best is None:
        gain = Gain()
    else:
        noise = state.detectable_pct.get(one.key)
        gain = _of_ratio(_ratio(state, one), None if noise is None else _RUN_OF_DETECTABLE * noise, SINGLE_RUNS)
    return ClassGain(
        key=one.key,
        share_pct=round(one.share_pct, 1),
        baseline_us=_to_ns(class_mean_us(state.baseline, one)),
        best_us=_to_ns(class_mean_us(best, one)),
        gain=gain,
    )


def _to_ns(us: float | None) -> float | None:
    """Round to nanoseconds: no clock tells more, and a mean has digits that mean nothing."""
    return None if us is None else round(us, 3)


def _ratio(state: RunState, one: ConfigClass) -> float | None:
    best = state.best
    baseline_us, best_us = class_mean_us(state.baseline, one), class_mean_us(best.run if best else None, one)
    return best_us / baseline_us if baseline_us and best_us else None


def _of_ratio(ratio: float | None, uncertainty_pct: float | None, how: str) -> Gain:
    if ratio is None:
        return Gain()
    unsure = None if uncertainty_pct is None else round(uncertainty_pct, 2)
    return Gain(gain_pct=known(100 * (1 - ratio), unsure), uncertainty_pct=unsure, how=how)

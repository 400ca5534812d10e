"""The gain of every config class with its interval: a table whose last column is the picture."""

from typing import NamedTuple

from kernel_opt.model.state import RunState
from kernel_opt.views.format import gain_text, us_text
from kernel_opt.views.gains import ClassGain, class_gains
from kernel_opt.views.html.scale import Scale

WIDTH = 240
_EDGE = 8  # pixels beside the outermost value
_LEAST_SPAN_PCT = 2.0  # so that noise alone does not fill the picture


class Whisker(NamedTuple):
    """A gain and its interval in pixels."""

    x: float
    low: float
    high: float
    meaning: str
    """``good``, ``bad`` or ``same``: on which side of no change the whole interval lies."""


class ClassRow(NamedTuple):
    """One class as the page shows it."""

    key: str
    share: str
    baseline: str
    best: str
    gain: str
    how: str
    detectable: str
    whisker: Whisker | None


class ClassTable(NamedTuple):
    """All classes on one axis."""

    rows: list[ClassRow]
    zero: float
    ticks: list[tuple[float, str]]
    hows: list[str]


def lay_out(state: RunState) -> ClassTable:
    """Return the classes, the one with most time first, on a common axis."""
    gains = sorted(class_gains(state), key=lambda one: -one.share_pct)
    axis = _axis(gains)
    ticks = [(axis.at(value), f"{value:g} %") for value in axis.ticks(3)]
    rows = [_row(one, axis, state.detectable_pct.get(one.key)) for one in gains]
    return ClassTable(rows, axis.at(0), ticks, sorted({one.how for one in rows if one.how}))


def _axis(gains: list[ClassGain]) -> Scale:
    edges = [0.0]
    for one in gains:
        if one.gain.gain_pct is not None:
            spread = one.gain.uncertainty_pct or 0.0
            edges += [one.gain.gain_pct - spread, one.gain.gain_pct + spread]
    low, high = min(edges), max(edges)
    short = max(0.0, _LEAST_SPAN_PCT - (high - low)) / 2
    return Scale(low - short, high + short, _EDGE, WIDTH - _EDGE)


def _row(one: ClassGain, axis: Scale, detectable_pct: float | None) -> ClassRow:
    gain = one.gain
    return ClassRow(
        key=one.key,
        share=f"{one.share_pct:.0f} %",
        baseline=us_text(one.baseline_us),
        best=us_text(one.best_us),
        gain=gain_text(gain.gain_pct, gain.uncertainty_pct),
        how=gain.how,
        detectable="" if detectable_pct is None else f"{detectable_pct:.1f} %",
        whisker=_whisker(gain.gain_pct, gain.uncertainty_pct, axis),
    )


def _whisker(gain_pct: float | None, uncertainty_pct: float | None, axis: Scale) -> Whisker | None:
    if gain_pct is None:
        return None
    spread = uncertainty_pct or 0.0
    meaning = "good" if gain_pct > spread else "bad" if gain_pct < -spread else "same"
    return Whisker(axis.at(gain_pct), axis.at(gain_pct - spread), axis.at(gain_pct + spread), meaning)

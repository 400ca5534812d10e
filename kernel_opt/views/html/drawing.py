"""The picture of a run's progress in pixels: the gain of best, round by round, with what is known of it."""

from collections.abc import Sequence
from typing import NamedTuple

from kernel_opt.views.format import count, gain_text
from kernel_opt.views.gains import Gain
from kernel_opt.views.html.scale import Scale
from kernel_opt.views.progress import Level, Progress, Try

LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 40  # pixels around the picture for its labels
_LEAST_SPAN_PCT = 4.0  # of the gain axis: below it noise would look like mountains
_ROOM = 0.06  # of the span, above and below the outermost value
_FAR = 0.6  # of the span of best: candidates further below are drawn at the edge
_ROW_PX, _COLUMN_PX = 44, 90  # between two labels
_RADIUS, _SMALL_RADIUS = 3.2, 1.8  # pixels of a point; the small one where they would hide each other


class Dot(NamedTuple):
    """One timed candidate."""

    x: float
    y: float
    round: int
    is_kept: bool
    is_beyond: bool
    text: str


class Afresh(NamedTuple):
    """One gain measured afresh, with its interval."""

    x: float
    y: float
    low: float
    high: float
    text: str


class Drawing(NamedTuple):
    """Everything in its place."""

    name: str
    width: int
    height: int
    floor: int
    zero: float
    line: str
    band: str
    rows: list[tuple[float, str]]
    columns: list[tuple[float, str]]
    radius: float
    dots: list[Dot]
    afresh: list[Afresh]


def draw(found: Progress, name: str, width: int, height: int) -> Drawing:
    """Place everything for a picture of this size."""
    # A little beyond the last round, so that its step can be seen.
    x = Scale(0, max(found.rounds, 1) * 1.04, LEFT, width - RIGHT)
    y = _gain_axis(found, height)
    levels = [one for one in found.levels if one.gain.gain_pct is not None]
    return Drawing(
        name=name,
        width=width,
        height=height,
        floor=height - BOTTOM,
        zero=y.at(0),
        line=_stairs([(x.at(one.round), y.at(_gain(one.gain))) for one in levels], x.end_px),
        band=_band(levels, x, y),
        rows=[(y.at(value), f"{value:g} %") for value in y.ticks((height - TOP - BOTTOM) // _ROW_PX)],
        columns=[(x.at(number), f"{number:.0f}") for number in x.ticks((width - LEFT) // _COLUMN_PX, 1)],
        radius=_RADIUS if found.rounds * _RADIUS < width / 2 else _SMALL_RADIUS,
        dots=[_dot(one, x, y) for one in found.tries if one.gain.gain_pct is not None],
        afresh=[_afresh(one, x, y) for one in levels if one.is_afresh],
    )


def _gain(gain: Gain) -> float:
    return gain.gain_pct or 0.0


def _spread(gain: Gain) -> float:
    return gain.uncertainty_pct or 0.0


def _gain_axis(found: Progress, height: int) -> Scale:
    """Return the axis of gains: best with its intervals whole, and what was tried as far as it is near."""
    known = [one.gain for one in found.levels if one.gain.gain_pct is not None]
    low = min([0.0, *(_gain(one) - _spread(one) for one in known)])
    high = max([0.0, *(_gain(one) + _spread(one) for one in known)])
    far = low - max(_LEAST_SPAN_PCT, _FAR * (high - low))
    tried = [one.gain.gain_pct for one in found.tries if one.gain.gain_pct is not None and one.gain.gain_pct >= far]
    low, high = min([low, *tried]), max([high, *tried])
    short = max(0.0, _LEAST_SPAN_PCT - (high - low)) / 2
    room = _ROOM * (high - low + 2 * short)
    return Scale(low - short - room, high + short + room, height - BOTTOM, TOP)


def _dot(one: Try, x: Scale, y: Scale) -> Dot:
    gain = _gain(one.gain)
    text = f"Round {one.round}, {one.ending}: {gain_text(gain, one.gain.uncertainty_pct)} less time than the baseline"
    return Dot(x.at(one.round), y.at(gain), one.round, one.is_kept, not y.holds(gain), text)


def _afresh(one: Level, x: Scale, y: Scale) -> Afresh:
    gain, spread = _gain(one.gain), _spread(one.gain)
    pairs = count(one.pairs, "pair")
    text = f"Measured afresh after round {one.round}: {gain_text(gain, one.gain.uncertainty_pct)}, {pairs}"
    return Afresh(x.at(one.round), y.at(gain), y.at(gain - spread), y.at(gain + spread), text)


def _stairs(points: Sequence[tuple[float, float]], end: float) -> str:
    """Return a path that keeps each level until the next begins."""
    if not points:
        return ""
    (x, y), *rest = points
    return f"M{x} {y}" + "".join(f"H{a}V{b}" for a, b in rest) + f"H{end}"


def _band(levels: Sequence[Level], x: Scale, y: Scale) -> str:
    """Return the outline of the interval around the stairs; a level whose uncertainty is unknown has none."""
    starts = [x.at(one.round) for one in levels]
    ends = [*starts[1:], x.end_px][: len(starts)]
    boxes = [
        f"M{a} {y.at(_gain(one.gain) + _spread(one.gain))}H{b}V{y.at(_gain(one.gain) - _spread(one.gain))}H{a}Z"
        for one, a, b in zip(levels, starts, ends, strict=True)
        if one.gain.uncertainty_pct and b > a
    ]
    return "".join(boxes)


def caption(found: Progress) -> str:
    """Say what the picture shows and from how many samples."""
    if not found.rounds:
        return "No round was begun yet."
    kept = sum(one.is_kept for one in found.tries)
    parts = [
        f"Time saved by best against the baseline, over {count(found.rounds, 'round')}:",
        f"{kept} kept (filled), {len(found.tries) - kept} timed and dropped (open),",
        f"{found.unmeasured} without a figure.",
        f"From {count(found.pairs, 'pair')} of runs on one card.",
        "The band is the 95 % interval where it is known.",
    ]
    if any(one.is_afresh for one in found.levels):
        parts.append("Diamonds: baseline against best measured afresh.")
    if any(not one.is_afresh and not one.pairs and one.round for one in found.levels):
        parts.append("Steps without a diamond rest on one benchmark run of each.")
    return " ".join(parts)

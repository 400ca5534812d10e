"""The picture of a study: speed-up after each round, each arm's mean with its interval, every track behind it."""

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from kernel_opt.views.format import clean, count, shorten
from kernel_opt.views.plot_scale import Scale, pixel, ticks
from kernel_opt.views.study import ArmResult, StudyResult
from kernel_opt.views.study_text import estimate_text, judge_text

WIDTH, HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 30, 44, 92
_LEAST_SPAN = math.log(1.02)  # a study without gain is not blown up until its noise looks like one
_WIDE = 3.0  # speed-ups over this span are marked by 1, 2, 5; closer ones by even steps
_TITLE = 90
_WORDS = 112

# The colours stand in the file itself: a forge shows it as an image, which no style sheet of the page reaches.
_STYLE = """
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#59636e}
.bg{fill:#fff}.grid{stroke:#d1d9e0}.strong{fill:#1f2328;font-weight:600}
path{fill:none}.mean{stroke-width:2.5}.track{stroke-width:1;opacity:.35}.band{stroke:none;opacity:.16}
.a{stroke:#0969da}.b{stroke:#bc4c00}.band.a{fill:#0969da}.band.b{fill:#bc4c00}.b{stroke-dasharray:6 3}
@media (prefers-color-scheme:dark){text{fill:#9198a1}.bg{fill:#0d1117}.grid{stroke:#2f353d}.strong{fill:#f0f6fc}
.a{stroke:#4493f8}.b{stroke:#db6d28}.band.a{fill:#4493f8}.band.b{fill:#db6d28}.band{opacity:.28}
}
""".strip()


def draw_study(study: StudyResult) -> str:
    """Return the picture as SVG: the same bytes for the same journals."""
    first, second = study.arms
    name = escape(shorten(clean(f"{study.name}: {first.name} against {second.name}, speed-up by round"), _TITLE))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
        f'<title id="t">{name}</title>',
        f'<desc id="d">{escape(describe(study))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="strong" x="{_LEFT}" y="24">{name}</text>',
    ]
    if any(arm.curve for arm in study.arms):
        x, y = Scale(0, study.rounds, _LEFT, WIDTH - _RIGHT), _upright(study)
        parts += [*_axes(x, y), *_curves(study, x, y), *_legend(study)]
    else:
        parts.append(_text(_LEFT, HEIGHT / 2, "No track is done yet."))
    parts.append(_text(_LEFT, HEIGHT - 14, shorten(_verdict(study), _WORDS)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def describe(study: StudyResult) -> str:
    """Say in words what the picture shows, for whoever cannot see it."""
    arms = "; ".join(_arm_words(arm) for arm in study.arms)
    return f"Speed-up over {count(study.rounds, 'round')}: {arms}. {_verdict(study)}"


def _arm_words(arm: ArmResult) -> str:
    end = f"{estimate_text(arm.speed_up)} at the end" if arm.speed_up else "nothing yet"
    return f"{arm.name}, {count(arm.tracks, 'track')}, {end}"


def _verdict(study: StudyResult) -> str:
    first, second = study.arms
    if study.at_end is None:
        return "There is no pair to compare yet."
    return f"{judge_text(study.at_end, first.name, second.name)} p = {study.at_end.p:.3g}."


def _upright(study: StudyResult) -> Scale:
    """Return the scale of logarithms, all tracks and intervals in it."""
    levels = [level for one in study.tracks if one.is_done for level in one.curve]
    edges = [edge for arm in study.arms for one in arm.curve for edge in (one.low, one.high) if edge is not None]
    logs = [0.0, *map(math.log, (*levels, *edges))]
    low, high = min(logs), max(logs)
    return Scale(low, max(high, low + _LEAST_SPAN), HEIGHT - _BOTTOM, _TOP)


def _marks(low: float, high: float) -> Sequence[float]:
    """Return round speed-ups between two logarithms."""
    least, most = math.exp(low), math.exp(high)
    if most / least < _WIDE:
        return ticks(least, most)
    powers = [10.0**power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]
    marks = [power * factor for power in powers for factor in (1, 2, 5)]
    return [mark for mark in marks if least * 0.999 <= mark <= most * 1.001]


def _axes(x: Scale, y: Scale) -> Iterator[str]:
    for mark in _marks(y.low, y.high):
        at = pixel(y.at(math.log(mark)))
        yield f'<path class="grid" d="M{_LEFT} {at}H{WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{pixel(float(at) + 4)}" text-anchor="end">{mark:g}x</text>'
    for value in ticks(x.low, x.high):
        if value == int(value):
            yield f'<text x="{pixel(x.at(value))}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{value:g}</text>'
    yield _text(WIDTH - _RIGHT - 30, HEIGHT - _BOTTOM + 34, "round")


def _curves(study: StudyResult, x: Scale, y: Scale) -> Iterator[str]:
    for letter, arm in zip("ab", study.arms, strict=True):
        lows = [(number, one.low) for number, one in enumerate(arm.curve, 1) if one.low is not None]
        highs = [(number, one.high) for number, one in enumerate(arm.curve, 1) if one.high is not None]
        if lows:
            around = "L".join([*_points([(0, 1.0), *highs], x, y), *reversed(_points([(0, 1.0), *lows], x, y))])
            yield f'<path class="band {letter}" d="M{around}Z"/>'
    for letter, arm in zip("ab", study.arms, strict=True):
        for one in study.tracks:
            if one.arm == arm.name and one.is_done:
                line = "L".join(_points([(0, 1.0), *enumerate(one.curve, 1)], x, y))
                yield f'<path class="track {letter}" d="M{line}"><title>{escape(one.tag)}</title></path>'
        if arm.curve:
            means = [(0, 1.0), *((number, one.value) for number, one in enumerate(arm.curve, 1))]
            yield f'<path class="mean {letter}" d="M{"L".join(_points(means, x, y))}"/>'


def _points(levels: Sequence[tuple[int, float]], x: Scale, y: Scale) -> list[str]:
    return [f"{pixel(x.at(number))} {pixel(y.at(math.log(level)))}" for number, level in levels]


def _legend(study: StudyResult) -> Iterator[str]:
    for row, (letter, arm) in enumerate(zip("ab", study.arms, strict=True)):
        at = HEIGHT - 50 + 16 * row
        yield f'<path class="mean {letter}" d="M{_LEFT} {at - 4}h30"/>'
        yield _text(_LEFT + 40, at, _arm_words(arm))


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{pixel(x)}" y="{pixel(y)}">{escape(text)}</text>'

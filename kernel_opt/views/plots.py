"""The progress picture beside performance.md: one SVG, right in light and dark, the same bytes for the same journal."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from kernel_opt.views.format import clean, gain_text, shorten
from kernel_opt.views.plot_scale import Scale, pixel, ticks
from kernel_opt.views.plot_words import describe, tell_measured
from kernel_opt.views.progress import Level, Progress, Try

WIDTH, HEIGHT = 760, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 96, 44, 88  # margins: tick labels, the last figure, the title, axis and legend
_LEAST_SPAN_PCT = 4.0  # a run without gain is not blown up until its noise looks like one
_BELOW = 0.6  # of the height above 0 that is given to what was slower; the rest stands at the edge
_MOST_WHISKERS = 100  # tries whose own uncertainty can still be told apart
_TITLE = 80

# The colours stand in the file itself: a forge shows it as an image, which no style sheet of the page reaches.
_STYLE = """
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#59636e}
.bg{fill:#fff}.grid{stroke:#d1d9e0}.zero{stroke:#59636e}.strong{fill:#1f2328;font-weight:600}
.band{fill:#0969da;opacity:.16}.best{stroke:#0969da;stroke-width:2;fill:none}.kept{fill:#0969da}
.gone{fill:#fff;stroke:#0969da;stroke-width:2}
.whisker{stroke:#0969da;stroke-width:1.5}.dropped{stroke:#818b98;stroke-width:4;stroke-linecap:round;fill:none}
.thin{stroke:#818b98;opacity:.5}.afresh{fill:#8250df}
@media (prefers-color-scheme:dark){text{fill:#9198a1}.bg{fill:#0d1117}.grid{stroke:#2f353d}.zero{stroke:#9198a1}
.strong{fill:#f0f6fc}.band{fill:#4493f8;opacity:.28}.best,.whisker{stroke:#4493f8}.kept{fill:#4493f8}.afresh{fill:#ab7df8}
.gone{fill:#0d1117;stroke:#4493f8}
}
""".strip()


def draw_progress(progress: Progress, tag: str) -> str:
    """Return the picture: what best gained round by round, its uncertainty, and where every other try came out."""
    name = escape(shorten(f"{clean(tag)}: time saved against the baseline, round by round", _TITLE))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
        f'<title id="t">{name}</title>',
        f'<desc id="d">{escape(describe(progress))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="strong" x="{_LEFT}" y="24">{name}</text>',
    ]
    known = [one for one in progress.levels if one.gain.gain_pct is not None]
    if known:
        x, y = _scales(progress, known)
        parts += [*_axes(x, y), *_band(known, x, y), *_tries(progress.tries, x, y), *_best(known, x, y), *_legend()]
        parts.append(_text(_LEFT, HEIGHT - 14, _samples(progress, y)))
    else:
        parts.append(_text(_LEFT, HEIGHT / 2, "There is no baseline yet: nothing is measured."))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _samples(progress: Progress, y: Scale) -> str:
    below = sum(one.gain.gain_pct is not None and one.gain.gain_pct < y.low for one in progress.tries)
    edge = f"; {below} slower than the picture reaches stand at its lower edge" if below else ""
    return f"{tell_measured(progress)}{edge}."


def _scales(progress: Progress, levels: Sequence[Level]) -> tuple[Scale, Scale]:
    gains = [one.gain for one in (*levels, *progress.tries)]
    spans = [(one.gain_pct, one.uncertainty_pct or 0.0) for one in gains if one.gain_pct is not None]
    high = max(0.0, *(gain + unsure for gain, unsure in spans))
    low = min(0.0, *(gain - unsure for gain, unsure in spans))
    low = max(low, -max(_LEAST_SPAN_PCT / 2, _BELOW * high))
    missing = max(0.0, _LEAST_SPAN_PCT - (high - low))
    x = Scale(0, max(progress.rounds, levels[-1].round, 1), _LEFT, WIDTH - _RIGHT)
    return x, Scale(low - missing / 2, high + missing / 2, HEIGHT - _BOTTOM, _TOP)


def _axes(x: Scale, y: Scale) -> Iterator[str]:
    for value in ticks(y.low, y.high):
        at = pixel(y.at(value))
        kind = "zero" if value == 0 else "grid"
        yield f'<path class="{kind}" d="M{_LEFT} {at}H{WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{pixel(y.at(value) + 4)}" text-anchor="end">{value:g} %</text>'
    for value in ticks(x.low, x.high):
        if value == int(value):
            yield f'<text x="{pixel(x.at(value))}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{value:g}</text>'
    yield f'<text x="{WIDTH - _RIGHT + 18}" y="{HEIGHT - _BOTTOM + 18}">round</text>'


def _band(levels: Sequence[Level], x: Scale, y: Scale) -> Iterator[str]:
    """Draw the 95 % interval of best as long as it stood; where it is not known there is none."""
    for level, end in _spans(levels, x):
        gain, unsure = level.gain.gain_pct, level.gain.uncertainty_pct
        if gain is not None and unsure:
            left, top, bottom = x.at(level.round), y.at(gain + unsure), y.at(gain - unsure)
            box = f'x="{pixel(left)}" y="{pixel(top)}" width="{pixel(end - left)}" height="{pixel(bottom - top)}"'
            yield f'<rect class="band" {box}/>'


def _spans(levels: Sequence[Level], x: Scale) -> Iterator[tuple[Level, float]]:
    """Yield each level with the pixel where it ends."""
    yield from ((one, x.at(after.round)) for one, after in pairwise(levels))
    yield levels[-1], x.end


def _best(levels: Sequence[Level], x: Scale, y: Scale) -> Iterator[str]:
    path = ""
    for level, end in _spans(levels, x):
        path += f"{'V' if path else f'M{_LEFT} '}{pixel(y.at(level.gain.gain_pct or 0.0))}H{pixel(end)}"
    yield f'<path class="best" d="{path}"/>'
    for level in levels[1:]:
        left, top = x.at(level.round), y.at(level.gain.gain_pct or 0.0)
        tip = f"<title>round {level.round}: {gain_text(level.gain.gain_pct, level.gain.uncertainty_pct)}</title>"
        if level.is_back:
            yield f'<circle class="gone" cx="{pixel(left)}" cy="{pixel(top)}" r="4">{tip}</circle>'
        elif level.is_afresh:
            yield f'<path class="afresh" d="M{pixel(left)} {pixel(top - 6)}l6 6l-6 6l-6-6z">{tip}</path>'
        else:
            yield f'<circle class="kept" cx="{pixel(left)}" cy="{pixel(top)}" r="4">{tip}</circle>'
    last = levels[-1].gain
    text = gain_text(last.gain_pct, last.uncertainty_pct) if len(levels) > 1 else "baseline"
    yield _text(WIDTH - _RIGHT + 8, y.at(last.gain_pct or 0.0) + 4, text, "strong")


def _tries(tries: Sequence[Try], x: Scale, y: Scale) -> Iterator[str]:
    dropped = [one for one in tries if not one.is_kept and one.gain.gain_pct is not None]
    if len(dropped) <= _MOST_WHISKERS and (whiskers := "".join(_whisker(one, x, y) for one in dropped)):
        yield f'<path class="thin" d="{whiskers}"/>'
    # One path for all of them, and one dot where several would cover each other: thousands of rounds stay small.
    dots = {f"M{x.at(one.round):.0f} {y.at(one.gain.gain_pct or 0.0):.0f}h0": None for one in dropped}
    if dots:
        yield f'<path class="dropped" d="{"".join(dots)}"/>'
    kept = [one for one in tries if one.is_kept]
    if len(kept) <= _MOST_WHISKERS and (whiskers := "".join(_whisker(one, x, y) for one in kept)):
        yield f'<path class="whisker" d="{whiskers}"/>'


def _whisker(one: Try, x: Scale, y: Scale) -> str:
    gain, unsure = one.gain.gain_pct, one.gain.uncertainty_pct
    if gain is None or not unsure or gain + unsure < y.low:
        return ""
    return f"M{pixel(x.at(one.round))} {pixel(y.at(gain + unsure))}V{pixel(y.at(gain - unsure))}"


def _legend() -> Iterator[str]:
    at = HEIGHT - 38
    yield f'<circle class="kept" cx="{_LEFT + 4}" cy="{at - 4}" r="4"/>'
    yield _text(_LEFT + 14, at, "kept")
    yield f'<path class="dropped" d="M{_LEFT + 64} {at - 4}h0"/>'
    yield _text(_LEFT + 72, at, "tried and dropped")
    yield f'<path class="afresh" d="M{_LEFT + 200} {at - 10}l6 6l-6 6l-6-6z"/>'
    yield _text(_LEFT + 212, at, "measured afresh")
    yield f'<rect class="band" x="{_LEFT + 324}" y="{at - 10}" width="18" height="12"/>'
    yield _text(_LEFT + 348, at, "95 % interval of best")
    yield f'<circle class="gone" cx="{_LEFT + 490}" cy="{at - 4}" r="4"/>'
    yield _text(_LEFT + 500, at, "given up, gone back")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{pixel(x)}" y="{pixel(y)}">{escape(text)}</text>'

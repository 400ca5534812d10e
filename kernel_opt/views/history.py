"""All rounds of a run as a table that fits the terminal."""

from collections.abc import Iterable, Sequence

from kernel_opt.views.format import clean, count, gain_text, pad, shorten, width_of
from kernel_opt.views.gains import of_interval
from kernel_opt.views.learned import Finding
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Terminal

_HEAD = ("round", "ending", "faster by", "prediction", "target", "hypothesis")
_COLOURS = {"kept": "good", "given up": "warn", "regression": "warn", "infrastructure": "bad"}
_GAP = 2
_LEAST_TEXT = 20  # columns of the hypothesis below which others are left out
_SPARED = (4, 3)  # the target first, then the prediction
_MOST_TARGET = 40  # columns of a class key; the hypothesis is what people look for


def render_history(rounds: Iterable[RoundStory], terminal: Terminal) -> list[str]:
    """Return the table, one round a line, oldest first."""
    rows = [_cells(one) for one in rounds]
    if not rows:
        return ["No round was begun yet."]
    widths = [max(width_of(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD) - 1)]
    widths[4] = min(widths[4], _MOST_TARGET)
    for column in _SPARED:
        if sum(width + _GAP for width in widths if width) + _LEAST_TEXT > terminal.width:
            widths[column] = 0
    lines = [terminal.line((_line(_HEAD, widths), "dim"))]
    for row in rows:
        first = pad(row[0], widths[0] + _GAP)
        rest = _line(row, widths)[len(first) + len(row[1]) :]
        lines.append(terminal.line(first, (row[1], _COLOURS.get(row[1], "")), rest))
    return lines


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    shown = [pad(shorten(cell, width), width + _GAP) for cell, width in zip(row, widths, strict=False) if width]
    return "".join(shown) + row[-1]


def _cells(one: RoundStory) -> tuple[str, ...]:
    targets = one.hypothesis.targets if one.hypothesis else ()
    verdict = one.verdict
    gain = of_interval(verdict.target_ratio, verdict.target_interval, "") if verdict else None
    finding = one.lesson.finding
    return (
        str(one.round),
        "given up" if one.is_given_up else one.ending.value if one.ending else "open",
        gain_text(gain.gain_pct, gain.uncertainty_pct) if gain else "",
        "" if finding is Finding.INCONCLUSIVE else finding.value,
        _target(targets),
        clean(one.hypothesis.sentence if one.hypothesis else one.why),
    )


def _target(targets: Sequence[str]) -> str:
    if len(targets) == 1:
        return clean(targets[0])
    return count(len(targets), "class", "classes") if targets else "global"

"""Two commits compared, for a terminal and as JSON."""

import math
from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from kernel_opt.model.comparison import Comparison
from kernel_opt.model.measurement import Arm
from kernel_opt.model.verdict import ClassVerdict, Outcome
from kernel_opt.rules.judge.stats import median
from kernel_opt.rules.judge.times import Times
from kernel_opt.views.format import clean, count, pad, short, tell_apart, us_text, width_of
from kernel_opt.views.gains import METRIC_WORDS, gain_record, of_interval
from kernel_opt.views.learned import change_text, figure_text
from kernel_opt.views.terminal import Segment, Terminal, wrap

_COLOURS = {Outcome.BETTER: "good", Outcome.WORSE: "bad", Outcome.DIVERGING: "warn", Outcome.UNCLEAR: "warn"}
_OUTCOME, _CHANGE, _US, _PAIRS, _LEAST_KEY = 9, 22, 9, 5, 12  # columns of the table; of a class's name at least


def render_comparison(found: Comparison, terminal: Terminal) -> list[str]:
    """Return the verdict in a sentence, who was compared, the classes, and what to mind."""
    verdict = found.verdict
    change = change_text(verdict.overall_ratio, verdict.overall_interval)
    opening = f"{verdict.outcome.value}: {clean(found.b.name)} against {clean(found.a.name)}: {change} over all classes"
    rows = [terminal.line((text, _COLOURS.get(verdict.outcome, "strong"))) for text in wrap(opening, terminal.width)]
    for letter, side in (("A", found.a), ("B", found.b)):
        rows.append(terminal.line((f"{letter}  {short(side.commit)}  {clean(side.name)}", "dim")))
    rows += ["", *_table(found, terminal), ""]
    told = (
        f"{METRIC_WORDS[verdict.metric]}; {count(verdict.pairs, 'pair')}, {count(verdict.runs, 'run')} on {found.card}"
    )
    for text in (verdict.sentence, told, *found.notes):
        rows += [terminal.line((line, "dim")) for line in wrap(clean(text), terminal.width)]
    return rows


def _table(found: Comparison, terminal: Terminal) -> Iterator[str]:
    classes = found.verdict.classes
    if not classes:
        return
    widest = max(width_of(clean(one.key)) for one in classes)
    width = max(_LEAST_KEY, min(widest, terminal.width - _OUTCOME - _CHANGE - 2 * _US - _PAIRS - 4))
    head = f"{pad('class', width)}  {'outcome':{_OUTCOME}}  {'B against A':{_CHANGE}}{'A us':>{_US}}{'B us':>{_US}}"
    yield terminal.line((f"{head}{'pairs':>{_PAIRS + 1}}", "dim"))
    names = tell_apart([one.key for one in classes], width)
    times = class_times_us(found)
    for name, one in zip(names, classes, strict=True):
        yield terminal.line(*_row(pad(name, width), one, times[one.key]))


def _row(name: str, one: ClassVerdict, us: tuple[float | None, float | None]) -> tuple[Segment, ...]:
    outcome = (f"{one.outcome.value:{_OUTCOME}}", _COLOURS.get(one.outcome, ""))
    unsure_pct = of_interval(one.ratio, one.interval, "").uncertainty_pct
    numbers = "".join(f"{us_text(value, unsure_pct):>{_US}}" for value in us)
    change = pad(figure_text(one.ratio, one.interval), _CHANGE)
    return (f"{name}  ", ""), outcome, (f"  {change}{numbers}{one.pairs:>{_PAIRS + 1}}", "")


def class_times_us(found: Comparison) -> dict[str, tuple[float | None, float | None]]:
    """Return each class's time at A and at B: the median over the runs that count, None where there is none."""
    times = Times(found.measurement, found.classes)
    metric = times.class_metric

    def middle(key: str, arm: Arm) -> float | None:
        values = times.values(metric, [key], arm)
        return round(math.exp(median(values)), 3) if values else None

    return {one.key: (middle(one.key, Arm.BEST), middle(one.key, Arm.CANDIDATE)) for one in found.classes}


def comparison_record(found: Comparison) -> dict[str, Any]:
    """Return the same as plain values; every gain is per cent of A's time that B saves."""
    verdict, times = found.verdict, class_times_us(found)
    return {
        "a": to_builtins(found.a),
        "b": to_builtins(found.b),
        "outcome": verdict.outcome.value,
        "better_or_tie": found.is_fine,
        "metric": verdict.metric.value,
        **gain_record(verdict.overall_ratio, verdict.overall_interval),
        "sentence": verdict.sentence,
        "pairs": verdict.pairs,
        "runs": verdict.runs,
        "card": found.card,
        "gpu_s": round(found.gpu_s, 3),
        "notes": list(found.notes),
        "classes": [
            {
                "key": one.key,
                "outcome": one.outcome.value,
                **gain_record(one.ratio, one.interval),
                "a_us": times[one.key][0],
                "b_us": times[one.key][1],
                "pairs": one.pairs,
                "detectable_pct": one.detectable_pct,
            }
            for one in verdict.classes
        ],
        "measurement": to_builtins(found.measurement),
    }

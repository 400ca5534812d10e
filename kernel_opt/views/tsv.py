"""results.tsv: every experiment on one line, for those who analyse on their own; never committed."""

from collections.abc import Iterable

from kernel_opt.model.facts import Entry
from kernel_opt.model.round_facts import Ending
from kernel_opt.rules.regress import geometric_mean_us
from kernel_opt.views.format import clean, short
from kernel_opt.views.run_story import tell_run
from kernel_opt.views.story import RoundStory

HEADER = ("commit", "metric_value", "resource_usage", "status", "hypothesis")
CRASHED = ("0.000000", "0.0")  # the format's way to say that there is no number
NO_EXPERIMENT = (Ending.GAVE_NOTHING, Ending.INFRASTRUCTURE)
"""Rounds without a candidate, or cut short by the machine: they say nothing of any kernel."""


def render_tsv(entries: Iterable[Entry]) -> str:
    """Return the table: metric_value in microseconds, resource_usage in seconds of leased GPU time."""
    story = tell_run(entries)
    lines: list[tuple[str, ...]] = [HEADER]
    if story.state.baseline is not None:
        run = story.state.baseline
        lines.append((short(run.commit), _metric(geometric_mean_us(run.rows)), f"{run.gpu_s:.1f}", "keep", "baseline"))
    lines.extend(_line(one) for one in story.rounds if _is_experiment(one))
    return "".join("\t".join(line) + "\n" for line in lines)


def _is_experiment(one: RoundStory) -> bool:
    return one.hypothesis is not None and (one.bench is not None or one.ending not in NO_EXPERIMENT)


def _line(one: RoundStory) -> tuple[str, ...]:
    commit = short(one.candidate.commit) if one.candidate else "-"
    sentence = clean(one.hypothesis.sentence) if one.hypothesis else ""
    if one.us is None:
        return (commit, *CRASHED, "crash", sentence)
    return (commit, _metric(one.us), f"{one.gpu_s:.1f}", "keep" if one.is_kept else "discard", sentence)


def _metric(us: float | None) -> str:
    return CRASHED[0] if us is None else f"{us:.6f}"

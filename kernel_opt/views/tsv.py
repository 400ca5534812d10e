"""results.tsv: every experiment on one line, for those who analyse on their own; never committed."""

from collections.abc import Iterable, Iterator

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.facts import Benched, Entry
from kernel_opt.model.round_facts import Ending
from kernel_opt.rules.judge.regress import geometric_mean_us
from kernel_opt.views.format import clean, short
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import tell_rounds

HEADER = ("commit", "metric_value", "resource_usage", "status", "hypothesis")
CRASHED = ("0.000000", "0.0")  # the format's way to say that there is no number
NO_EXPERIMENT = (Ending.GAVE_NOTHING, Ending.INFRASTRUCTURE)
"""Rounds without a candidate, or cut short by the machine: they say nothing of any kernel."""


def render_tsv(entries: Iterable[Entry]) -> str:
    """Return the table: metric_value in microseconds, resource_usage in seconds of leased GPU time."""
    lines: list[tuple[str, ...]] = [HEADER]

    def pass_by() -> Iterator[Entry]:
        for entry in entries:
            if isinstance(entry.fact, Benched) and entry.fact.classes:
                lines.append(_baseline_line(entry.fact.run))
            yield entry

    lines.extend(_line(one) for one in tell_rounds(pass_by(), with_open=False) if _is_experiment(one))
    return "".join("\t".join(line) + "\n" for line in lines)


def _baseline_line(run: BenchRun) -> tuple[str, ...]:
    return (short(run.commit), _metric(geometric_mean_us(run.rows)), f"{run.gpu_s:.1f}", "keep", "baseline")


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

"""Tells a journal as a few lines of text: one for the baseline, one per round, one per start and stop."""

from collections.abc import Iterable

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.compiled import Compiled
from kernel_opt.model.facts import Entry, Fact
from tests.fakes import words_of

SILENT = (f.RunStarted, r.Checked, f.Measured, f.NoiseJudged, r.Sealed)
"""What goes without saying, because the word after it says more."""
CALLED = {
    f.Benched: "right",
    f.Traced: "traced",
    f.Unpaused: "unpaused",
    f.Paused: "paused",
    f.HeadlineJudged: "headline",
    r.BaselineKept: "kept",
    r.Kept: "kept",
    r.Rechecked: "re-checked",
    r.RolledBack: "back to an earlier best",
}


def tell(entries: Iterable[Entry]) -> list[str]:
    """The story of a run."""
    lines: list[str] = []
    for entry in entries:
        fact = entry.fact
        if heading := _heading(fact):
            lines.append(heading)
        elif word := _word(fact):
            if not lines or lines[-1].startswith(("started", "came back")):
                lines.append(f"round {entry.round}, on: {word}" if entry.round else f"baseline: {word}")
            elif lines[-1].endswith(":"):
                lines[-1] += f" {word}"
            else:
                lines[-1] += f" -> {word}"
    return lines


def _heading(fact: Fact) -> str:
    match fact:
        case f.DaemonStarted():
            return "started" if fact.wished else "came back"
        case r.RoundOpened():
            return f"round {fact.round}:"
        case f.StopPlanned():
            return f"stop: {fact.reason}"
        case _:
            return ""


def _word(fact: Fact) -> str:
    match fact:
        case r.Proposed():
            return f"proposed '{fact.hypothesis.sentence}'"
        case r.Edited():
            return fact.origin.value
        case r.Formatted():
            return "formatted" if fact.changed else "was tidy"
        case r.Dropped():
            return f"dropped as {fact.ending.value}"
        case f.Waited():
            return f"waited {fact.waited_s / 60:g} min"
        case f.Stopped():
            return f"stopped at {fact.best}"
        case f.StopAsked():
            return f"{fact.by} asked to stop"
        case r.Checked(compiled=Compiled() as compiled):
            return compiled.outcome.value
        case _ if isinstance(fact, SILENT):
            return ""
        case _:
            return CALLED.get(type(fact)) or words_of(fact)[0]

"""A series as it is told to whoever asked for it: on the terminal, as JSON, and beside its patches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel_opt.model.comparison import Comparison
from kernel_opt.views.comparison import comparison_record
from kernel_opt.views.format import clean, count, pad, short, utc, width_of
from kernel_opt.views.gains import gain_record
from kernel_opt.views.learned import change_text
from kernel_opt.views.series import Win, render_afresh
from kernel_opt.views.terminal import Terminal

STEPS_NOTE = "each step's figure is the journal's, from its own round; steps do not add up to the whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is handed out."""

    tag: str
    base: str
    wins: tuple[Win, ...]
    commits: tuple[str, ...] = ()
    """One for each win; empty where nothing was made."""
    branch: str = ""
    patches: str = ""
    afresh: Comparison | None = None
    was_there: bool = False
    """The branch held this very series already."""


def render_series(series: Series, terminal: Terminal) -> list[str]:
    """Return what was made, the commits, and what they are worth."""
    lines = [terminal.line((_opening(series), "strong")), ""]
    width = max(width_of(win.subject) for win in series.wins)
    for number, win in enumerate(series.wins):
        commit = short(series.commits[number]) if series.commits else short(win.commit)
        head = f"  {commit}  {pad(win.subject, min(width, max(20, terminal.width - 50)))}"
        lines.append(terminal.line(head, (f"  round {win.round.round:<4} {_step_text(win)}", "good")))
    lines += ["", terminal.line((STEPS_NOTE, "dim"))]
    lines += [
        terminal.line(text) for text in (render_afresh(series.afresh) if series.afresh else [_unmeasured(series)])
    ]
    return lines


def _opening(series: Series) -> str:
    made = f"{count(len(series.wins), 'commit')} on {short(series.base)}"
    if series.was_there:
        return f"the branch {series.branch} holds this series already: {made}"
    if series.branch:
        return f"the branch {series.branch}: {made}"
    return f"patches in {series.patches}: {made}" if series.patches else f"would be made: {made}"


def _unmeasured(series: Series) -> str:
    if series.was_there:
        return "not measured again; what it was worth stands in the message of its last commit"
    return "the whole series was not measured afresh"


def _step_text(win: Win) -> str:
    verdict = win.round.verdict
    return change_text(verdict.overall_ratio, verdict.overall_interval) if verdict else "not measured"


def series_record(series: Series) -> dict[str, Any]:
    """Return the same as plain values; None is what was not made or not measured."""
    return {
        "tag": series.tag,
        "base": series.base,
        "branch": series.branch or None,
        "patches": series.patches or None,
        "tip": series.commits[-1] if series.commits else None,
        "was_there": series.was_there,
        "commits": [
            _record(win, series.commits[number] if series.commits else None) for number, win in enumerate(series.wins)
        ],
        "afresh": comparison_record(series.afresh) if series.afresh else None,
    }


def _record(win: Win, commit: str | None) -> dict[str, Any]:
    candidate, verdict = win.round.candidate, win.round.verdict
    return {
        "commit": commit,
        "subject": win.subject,
        "round": win.round.round,
        "kept_as": win.commit,
        "files": list(candidate.files) if candidate else [],
        "condition": win.round.split.condition if win.round.split else None,
        "metric": verdict.metric.value if verdict else None,
        **gain_record(verdict.overall_ratio if verdict else None, verdict.overall_interval if verdict else None),
        "classes": [{"key": one.key, **gain_record(one.ratio, one.interval)} for one in verdict.classes]
        if verdict
        else [],
    }


def render_letter(series: Series, at_s: float, subjects: Sequence[str]) -> str:
    """Return the text that goes with patches."""
    lines = [f"# {clean(series.tag)}: {count(len(series.wins), 'patch', 'patches')} on {series.base}", ""]
    lines += [f"{number}. {subject}" for number, subject in enumerate(subjects, 1)]
    told = render_afresh(series.afresh) if series.afresh else [_unmeasured(series)]
    lines += ["", "```", *told, "```", "", f"{STEPS_NOTE.capitalize()}. Made {utc(at_s)}."]
    return "\n".join([*lines, "", "Apply them with `git am *.patch`.", ""])

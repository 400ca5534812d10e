"""What the proposer is told: the facts as data, and the same as Markdown."""

from functools import lru_cache
from pathlib import Path

import jinja2

from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.proposal import Task
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Barred, Broken, Weighed, Wrong
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.views.brief_tables import LINE_CAP, class_facts, hotspot_facts, kernel_facts, table_cell
from kernel_opt.views.format import clean, clean_line

WRONG_ROWS = 16  # enough to see the pattern
TEXT_CAP = 4_000
PAST_IDEAS = 40  # of a long night; more would drown the rest

TASK_WORDS = {
    Task.PROPOSE: "Propose one change that makes it faster, and make it.",
    Task.QUICK_FIX: "Your candidate does not run. Mend just that, with the smallest change.",
    Task.REPAIR: "Your candidate computes wrong numbers. Mend just that, with the smallest change.",
    Task.SPLIT: "Your candidate makes some config classes faster and others slower. Split it.",
}
WHY_TITLES = {
    Task.PROPOSE: "Your last answer was sent back",
    Task.QUICK_FIX: "Why it does not run",
    Task.REPAIR: "What is wrong",
    Task.SPLIT: "What was measured",
}


def brief_facts(
    task: Task, state: RunState, settings: Settings, why: str, hypothesis: Hypothesis | None
) -> dict[str, object]:
    """Return what the brief tells, as plain data; everything from logs and earlier answers is cleaned and bounded."""
    trace = state.best.trace if state.best else None
    verdict = state.stage.verdict if isinstance(state.stage, Weighed) else None
    return {
        "task": task.value,
        "round": state.round,
        "title": f"Round {state.round} of {state.tag}: {task.value}",
        "task_words": TASK_WORDS[task],
        "amending": task is not Task.PROPOSE,
        "metric": settings.benchmark.metric,
        "allowed": list(settings.edit.allowed),
        "protected": [settings.benchmark.file, *settings.edit.protected],
        "best": state.code[:12],
        "why_title": WHY_TITLES[task],
        "why": clean(why)[:TEXT_CAP].replace("```", "'''"),
        "log_tail": _log_tail(state),
        "wrong_rows": _wrong_rows(state),
        "hypothesis": clean_line(hypothesis.sentence)[:LINE_CAP] if hypothesis else "",
        "proposer": hypothesis.proposer if hypothesis else "",
        "split": _split(verdict) if task is Task.SPLIT else None,
        "hotspots": hotspot_facts(trace),
        "kernels": kernel_facts(trace),
        "classes": class_facts(state),
        "kept": _kept(state),
        "dead_ends": _dead_ends(state),
        "ideas": [[sentence, ending.value] for sentence, ending in state.ideas],
        "trials": [[one.sentence, one.ending.value, dict(one.ratios)] for one in state.trials],
        "barred": state.stage.hypothesis.sentence if isinstance(state.stage, Barred) else "",
        "repairs": _repairs(state),
        "lookbacks": [
            {
                "round": past.round,
                "ending": past.ending.value,
                "sentence": clean_line(past.sentence)[:LINE_CAP],
                "why": clean_line(past.why)[:LINE_CAP],
            }
            for past in reversed(state.lookbacks)
        ],
    }


def _kept(state: RunState) -> list[str]:
    """Return what best is made of, the newest last."""
    kept = [sentence for sentence, ending in state.ideas if ending is Ending.KEPT]
    return [clean_line(sentence)[:LINE_CAP] for sentence in kept[-PAST_IDEAS:]]


def _dead_ends(state: RunState) -> list[str]:
    """Return the failed ideas that are older than the last rounds, the newest last."""
    shown = {past.sentence for past in state.lookbacks}
    dead = [
        f"{clean_line(sentence)[:LINE_CAP]} ({ending.value})"
        for sentence, ending in state.ideas
        if ending not in (Ending.KEPT, Ending.INFRASTRUCTURE) and sentence and sentence not in shown
    ]
    return dead[-PAST_IDEAS:]


def _log_tail(state: RunState) -> str:
    stage = state.stage
    text = stage.log_tail if isinstance(stage, Broken | Wrong) else ""
    lines = "\n".join(clean_line(line) for line in text.splitlines())
    return lines[-TEXT_CAP:].replace("```", "'''")


def _repairs(state: RunState) -> int:
    return state.stage.tries.repairs if isinstance(state.stage, Wrong) else 0


def _wrong_rows(state: RunState) -> list[dict[str, object]]:
    rows = state.stage.rows if isinstance(state.stage, Wrong) else ()
    return [{"config": table_cell(row.config), "error": row.error} for row in rows[:WRONG_ROWS]]


def _split(verdict: Verdict | None) -> dict[str, object]:
    classes = verdict.classes if verdict else ()
    return {
        "gaining": [one.key for one in classes if one.outcome is Outcome.BETTER],
        "losing": [one.key for one in classes if one.outcome is Outcome.WORSE],
        "condition": verdict.condition.text if verdict and verdict.condition else "",
    }


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- Markdown for a reader of text, not HTML
    )
    return environment.from_string((Path(__file__).parent / "brief.md.j2").read_text(encoding="utf-8"))


def render_brief(facts: dict[str, object]) -> str:
    """Return the brief as Markdown."""
    return _template().render(facts)

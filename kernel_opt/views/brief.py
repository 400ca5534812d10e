"""What the proposer is told: the facts as data, and the same as Markdown."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import jinja2
from msgspec import Struct

from kernel_opt.model.compiled import Built
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.proposal import Task
from kernel_opt.model.settings import Settings
from kernel_opt.model.skill import SkillNote
from kernel_opt.model.state import RunState
from kernel_opt.rules.lanes import under_way
from kernel_opt.rules.memory.outline import Outline
from kernel_opt.views.brief_hints import RUN_DRY, choose_hints
from kernel_opt.views.brief_past import past_facts, tried_at
from kernel_opt.views.brief_size import LEVELS, estimate_tokens, shrink
from kernel_opt.views.brief_tables import (
    LINE_CAP,
    class_facts,
    counter_facts,
    hotspot_facts,
    kernel_facts,
    stall_facts,
)
from kernel_opt.views.brief_tasks import fenced, task_facts
from kernel_opt.views.compiled import compiled_facts
from kernel_opt.views.format import clean_line

DIFF_CAP = 8_000  # of its own edit, which a mend goes on from


class Guide(Struct, frozen=True, kw_only=True):
    """What is looked up for the brief besides the run's own state."""

    compiled: tuple[Built, ...] = ()
    files: tuple[Outline, ...] = ()
    """The map of what may be edited."""
    lines: tuple[tuple[str, str], ...] = ()
    """What stands at the places that the trace calls hot, by their names in it."""
    diff: str = ""
    """The candidate so far, against best."""
    skills: tuple[SkillNote, ...] = ()
    has_counters: bool = False
    """The tracer can take counters where a proposer asks for them."""


NO_GUIDE = Guide()
OPEN = "under-way"
"""Stands where an ending does for a round that has none yet."""


def brief_facts(
    task: Task, state: RunState, settings: Settings, why: str, hypothesis: Hypothesis | None, guide: Guide = NO_GUIDE
) -> dict[str, object]:
    """Return what the brief tells, as plain data; everything from logs and earlier answers is cleaned and bounded."""
    open_now = under_way(state)
    return {
        **task_facts(task, state, settings, why, hypothesis),
        "benchmark": clean_line(" ".join(settings.benchmark.command))[:LINE_CAP],
        "metric": settings.benchmark.metric,
        "allowed": list(settings.edit.allowed),
        "protected": [settings.benchmark.file, *settings.edit.protected],
        "best": state.code[:12],
        "diff": fenced(guide.diff)[:DIFF_CAP],
        "files": [_file(one) for one in guide.files],
        "skills": [_skill(one) for one in guide.skills],
        "skills_folder": clean_line(str(Path(guide.skills[0].path).parents[1])) if guide.skills else "",
        "classes": class_facts(state),
        "compiled": compiled_facts(guide.compiled, [one.key for one in state.classes]),
        "ideas": [*([sentence, ending.value] for sentence, ending in state.ideas), *([one, OPEN] for one in open_now)],
        "trials": [
            *([one.sentence, one.ending.value, dict(one.ratios)] for one in state.trials),
            *([one, OPEN, {}] for one in open_now),
        ],
        "under_way": [clean_line(one)[:LINE_CAP] for one in open_now],
        "run_dry": list(RUN_DRY),
        "seed": settings.search.seed,
        **past_facts(state, settings.judge.min_effect_pct),
        **_evidence(state, settings, dict(guide.lines)),
        "deeper_every": settings.round.deeper_every,
        "may_ask_deeper": guide.has_counters and settings.brief.evidence,
    }


def _evidence(state: RunState, settings: Settings, lines: Mapping[str, str]) -> dict[str, object]:
    """Return what comes from best's trace; nothing of it when the settings withhold it."""
    trace = state.best.trace if state.best and settings.brief.evidence else None
    return {
        "evidence": settings.brief.evidence,
        "hotspots": hotspot_facts(trace, tried_at(state.trials), lines),
        "kernels": kernel_facts(trace),
        "stalls": stall_facts(trace),
        "deeper": clean_line(state.deeper.came)[:LINE_CAP] if settings.brief.evidence else "",
        "counters": counter_facts(trace),
        "hints": choose_hints(settings.brief.hints, trace),
    }


def _file(one: Outline) -> dict[str, object]:
    names = [f"{name}:{line}" for name, line in one.names]
    return {"path": clean_line(one.path)[:LINE_CAP], "lines": one.lines, "names": names}


def _skill(one: SkillNote) -> dict[str, object]:
    what, _, _ = one.about.partition(". Use ")  # the rest is for who chooses without a brief
    return {"name": one.name, "about": clean_line(what), "path": clean_line(one.path)}


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


def render_brief(facts: Mapping[str, object], tokens: int) -> str:
    """Return the brief as Markdown, with as much of the facts as fits into so many tokens."""
    told = (_template().render(shrink(facts, level)) for level in range(LEVELS - 1))
    fitting = next((text for text in told if estimate_tokens(text) <= tokens), None)
    return _template().render(shrink(facts, LEVELS - 1)) if fitting is None else fitting

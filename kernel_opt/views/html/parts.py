"""The page in parts, each with a name: a live page replaces those that changed."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import jinja2
from markupsafe import Markup

from kernel_opt.views.format import clean, count, duration, gain_text, short, utc
from kernel_opt.views.gains import overall_gain
from kernel_opt.views.html.classes import lay_out
from kernel_opt.views.html.drawing import caption, draw
from kernel_opt.views.html.fold import PageStory, Standing
from kernel_opt.views.html.profile import compare
from kernel_opt.views.html.rounds import make_card
from kernel_opt.views.learned import Finding
from kernel_opt.views.performance_environment import environment_facts
from kernel_opt.views.progress import trace_progress
from kernel_opt.views.story import RoundStory

FOLDER = Path(__file__).parent
_EVENTS = 3  # the last of each kind
_WIDE, _NARROW = (960, 320), (400, 280)  # pixels of the picture on a desk and on a phone
TONES = {"running": "good", "starting": "good", "waiting": "warn", "paused": "warn", "dead": "bad", "broken": "bad"}


@cache
def environment() -> jinja2.Environment:
    """Return the templates; whatever a template prints is cleaned and escaped."""
    loader = jinja2.FileSystemLoader(FOLDER)
    return jinja2.Environment(
        loader=loader,
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: object) -> object:
    if isinstance(value, Markup | int | float):
        return value
    return "" if value is None else clean(str(value))


def _render(name: str, **values: object) -> Markup:
    macro: Any = getattr(cast("Any", environment().get_template("parts.html.j2").module), name)
    return macro(**values)


def render_parts(story: PageStory, standing: Standing) -> dict[str, Markup]:
    """Return every part but the rounds' cards, by name."""
    run = story.run
    found = trace_progress(run.levels, story.rounds)
    drawings = [draw(found, "wide", *_WIDE), draw(found, "narrow", *_NARROW)]
    return {
        "head": _render("head", **_head(story, standing)),
        "progress": _render("progress", drawings=drawings, caption=caption(found), found=found, gain_text=gain_text),
        "classes": _render("classes", table=lay_out(run.state), note=run.class_note),
        "profile": _render("profile", profile=compare(story)),
        "notes": _render(
            "notes",
            rows=list(environment_facts(run).items()),
            notes=run.noise_notes,
            stops=_dated(run.stops),
            rollbacks=_dated(run.rollbacks),
        ),
    }


def render_card(one: RoundStory, story: PageStory, diff: Markup | None) -> Markup:
    """Return the card of one round."""
    places = {key.key: number for number, key in enumerate(story.run.state.classes)}
    return _render("card", card=make_card(one, places, diff))


def _head(story: PageStory, standing: Standing) -> dict[str, object]:
    state, tally = story.run.state, story.run.state.tally
    gain = overall_gain(state)
    word = standing.word or ("stopped" if state.stop else "running")
    spent = [f"{tally.agent_tokens / 1000:.0f} thousand tokens"] if tally.agent_tokens else []
    spent += [f"{tally.cost_usd:.2f} USD"] if tally.cost_usd else []
    return {
        "tag": state.tag,
        "repository": state.repository,
        "word": word,
        "tone": TONES.get(word, ""),
        "now": standing.text or (state.stop.reason if state.stop else ""),
        "since": f"{utc(standing.since_s)} UTC" if standing.since_s else "",
        "advice": standing.advice,
        "gain": gain_text(gain.gain_pct, gain.uncertainty_pct) if gain.gain_pct is not None and tally.keeps else "",
        "how": _how(story),
        "stats": [
            ("best", f"{short(state.code)}, {_origin(story)}" if state.best else "none yet"),
            ("rounds", f"{len(story.run.rounds)}, {tally.keeps} kept"),
            ("predictions", _predictions(story)),
            ("GPU time", duration(tally.gpu_s)),
            ("agent", ", ".join(spent) or "no cost told"),
            ("last fact", f"{utc(story.last_s)} UTC"),
        ],
    }


def _how(story: PageStory) -> str:
    state = story.run.state
    if state.best is None:
        return "There is no baseline yet."
    if not state.tally.keeps:
        return "Nothing is kept yet: best is the kernel as found."
    classes = count(len(state.classes), "class", "classes")
    last = story.run.levels[-1]
    if last.is_afresh:
        return f"{last.gain.how}, {count(last.pairs, 'pair')}, geometric mean over {classes}"
    return f"{last.gain.how or 'not known for every class'}, geometric mean over {classes}"


def _origin(story: PageStory) -> str:
    best = story.run.state.best
    return f"round {best.round}" if best and best.round else "as found"


def _predictions(story: PageStory) -> str:
    findings = [one.lesson.finding for one in story.run.rounds if one.hypothesis]
    return f"{findings.count(Finding.CONFIRMED)} confirmed, {findings.count(Finding.REFUTED)} refuted"


def _dated(events: Sequence[tuple[float, str]]) -> list[tuple[str, str]]:
    return [(f"{utc(at_s)} UTC", reason) for at_s, reason in events[-_EVENTS:]]

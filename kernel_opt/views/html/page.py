"""One self-contained page: no network, nothing but its own script and style may run or load."""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from markupsafe import Markup

from kernel_opt.model.facts import Entry
from kernel_opt.views.html.diffs import ReadDiff, choose_diffs
from kernel_opt.views.html.fold import PageStory, Standing
from kernel_opt.views.html.parts import FOLDER, environment, render_card, render_parts


class Live(NamedTuple):
    """What a page needs to stay up to date: where it asks, and what it has."""

    serial: int
    may_wish: bool
    """A daemon is there that can be asked to pause or stop."""


class Cards(NamedTuple):
    """The rounds' cards, the newest first."""

    order: list[str]
    html: dict[str, Markup]


def render_report(entries: Iterable[Entry], read_diff: ReadDiff, standing: Standing | None = None) -> str:
    """Return a whole run as one HTML file."""
    story = PageStory()
    for entry in entries:
        story.add(entry)
    return render_page(story, render_parts(story, standing or Standing("")), render_cards(story, read_diff))


def render_cards(story: PageStory, read_diff: ReadDiff) -> Cards:
    """Return all cards with as many diffs as fit."""
    diffs = choose_diffs(story.rounds, read_diff)
    cards = {f"r{one.round}": render_card(one, story, diffs.get(one.round)) for one in reversed(story.rounds)}
    return Cards(list(cards), cards)


def render_page(story: PageStory, parts: dict[str, Markup], cards: Cards, live: Live | None = None) -> str:
    """Put the parts together."""
    state = story.run.state
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=f"{state.tag or 'run'} · kernel-opt",
            parts=parts,
            cards=[cards.html[name] for name in cards.order],
            classes=[one.key for one in state.classes],
            version=story.run.started.version if story.run.started else "",
            facts=story.facts,
            live=live,
            **assets(),
            policy=policy(is_live=live is not None),
        )
    )


@cache
def assets() -> dict[str, Markup]:
    """Return style and script as they stand in the page."""
    return {name: Markup((FOLDER / f"page.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}  # noqa: S704


@cache
def policy(*, is_live: bool) -> str:
    """Return what a browser may do with the page: run this script, use this style, and nothing else."""
    style, script = (_digest(assets()[name]) for name in ("css", "js"))
    connect = "; connect-src 'self'" if is_live else ""
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'{connect}"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

"""A candidate's diff as HTML, within bounds: a page of five hundred rounds must stay small."""

from collections.abc import Callable, Iterable
from itertools import groupby

from markupsafe import Markup, escape

from kernel_opt.views.format import clean_line
from kernel_opt.views.story import RoundStory

MOST_LINES, MOST_CHARS = 400, 24_000
"""Of one diff: a screenful or ten; the rest is in the round's folder."""
MOST_CHARS_IN_ALL = 1_200_000
"""Of all diffs of a page, so that it stays below 3 MB."""

ReadDiff = Callable[[int], str]
"""Returns the text of a round's diff; empty when there is none."""

_TAGS = {"+": "ins", "-": "del", "@": "b"}


def choose_diffs(rounds: Iterable[RoundStory], read: ReadDiff, room: int = MOST_CHARS_IN_ALL) -> dict[int, Markup]:
    """Return round to diff, the kept rounds first, then the newest, until there is no more room."""
    tried = [one for one in rounds if one.candidate is not None]
    chosen: dict[int, Markup] = {}
    for one in sorted(tried, key=lambda one: (not one.is_kept, -one.round)):
        text = render_diff(read(one.round))
        if text and len(text) <= room:
            chosen[one.round] = text
            room -= len(text)
    return chosen


def render_diff(text: str) -> Markup:
    """Return a diff with added and removed lines marked as such, cut where it is too long."""
    kept, used = list[str](), 0
    lines = text.split("\n")
    for line in lines[:MOST_LINES]:
        used += len(line)
        if used > MOST_CHARS:
            break
        kept.append(clean_line(line.rstrip("\r")))
    while kept and not kept[-1]:
        kept.pop()
    marked = Markup("\n").join(_mark(tag, list(group)) for tag, group in groupby(kept, _tag_of))
    left = len(lines) - len(kept) - text.endswith("\n")
    return Markup("{}\n<i>… {} more lines</i>").format(marked, left) if kept and left > 0 else marked


def _tag_of(line: str) -> str:
    return "b" if line.startswith(("+++", "---", "diff ", "index ")) else _TAGS.get(line[:1], "")


def _mark(tag: str, lines: list[str]) -> Markup:
    text = escape("\n".join(lines))
    return Markup("<{0}>{1}</{0}>").format(Markup(tag), text) if tag else text  # noqa: S704 -- a tag of ours

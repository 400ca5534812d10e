"""What a scripted model says, page by page: found from the brief that stands last in a conversation."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TITLE = re.compile(r"Round (\d+) of \S+: ([a-z-]+)")
HOTTEST = re.compile(r"^\| id \| kind .*\n\|[-|]+\n\| (\S+) \|", re.MULTILINE)
REPAIR = re.compile(r"repair (\d+) of at most")
SENT_BACK = "Your last answer was sent back"
NO_ANSWER = "Your last message is no answer"

CLAIM: dict[str, Any] = {
    "hypothesis": "the tile is too small", "bottlenecks": ["none"], "targets": [],
    "predicted": {"metric": "gpu_time", "direction": "faster", "size_pct": 5.0},
    "why": "the book says so", "risk": "", "differs": "", "deeper": False,
}  # fmt: skip


def claim(sentence: str, **more: object) -> dict[str, Any]:
    """A proposal."""
    return {**CLAIM, "hypothesis": sentence, **more}


@dataclass(kw_only=True)
class Page:
    """What the model does in answer to one brief."""

    files: dict[str, str] = field(default_factory=dict)
    """Files it writes, whole."""
    shell: str = ""
    """A command it runs first, where it has a shell."""
    says: Any = field(default_factory=lambda: dict(CLAIM))
    """Its last message: a proposal, or a string as it is."""
    statuses: list[int] = field(default_factory=list)
    """HTTP errors that its first requests get."""
    always: int = 0
    """An HTTP error that every request gets."""
    fails_from: int = 0
    """The errors come only after so many of its steps; the edit is half done by then."""
    fails_inside: bool = False
    """They come as part of an answer that has begun, with a status that says that all is well."""
    stalls: bool = False
    """Begins to answer and never goes on."""
    stalls_at: int = 0
    """After so many of its steps; the edit is half done by then."""


@dataclass(frozen=True)
class Talk:
    """A conversation so far, in whatever protocol it came."""

    key: str
    done: int
    """Results of tools since the last brief."""
    has_structure: bool = False
    hottest: str = "none"
    """The first id in the brief's table of hot places."""


Piece = tuple[str, str]
"""What was said by the user ("text"), or came out of a tool ("result")."""


def read_talk(pieces: Iterable[Piece], tools: Collection[str]) -> Talk | None:
    """Find the last brief; None when there is none: a question on the side."""
    key, done, hottest = "", 0, "none"
    for kind, text in pieces:
        found = TITLE.search(text) if kind == "text" else None
        if found:
            key, done = _key(found, text), 0
            spot = HOTTEST.search(text)
            hottest = spot[1] if spot else "none"
        elif kind == "text" and NO_ANSWER in text:
            key, done = f"{key}:again", 0
        elif kind == "result":
            done += 1
    return Talk(key, done, "StructuredOutput" in tools, hottest) if key else None


def _key(found: re.Match[str], text: str) -> str:
    key = f"{found[1]}:{found[2]}"
    repair = REPAIR.search(text)
    if repair and repair[1] != "1":
        key += f":{repair[1]}"
    return f"{key}:back" if SENT_BACK in text else key


def find_page(book: Mapping[str, Page], key: str) -> Page:
    """Return a page; one that is missing says what it would have been called."""
    return book.get(key) or Page(says=f"there is no page {key}")


def final_claim(page: Page, talk: Talk) -> dict[str, Any]:
    """The proposal; it points at the hottest place that the brief names."""
    return {**page.says, "bottlenecks": [talk.hottest]}


def final_words(page: Page, talk: Talk) -> str:
    """The last message as text."""
    return page.says if isinstance(page.says, str) else json.dumps(final_claim(page, talk))

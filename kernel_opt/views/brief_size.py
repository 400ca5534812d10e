"""How long a brief is, and how it is kept short: what is oldest, coldest and most easily looked up goes first."""

import math
import re
from collections.abc import Mapping
from typing import Any, cast

_PIECES = re.compile(r"[A-Za-z]+|\d+|[^\S\n]+|\n+|[^\x00-\x7f]|.", re.DOTALL)
_LETTERS, _DIGITS = 4, 2
"""Letters and digits per token at worst in text and code; every other sign counts as one, a foreign letter as two."""

CAPS: dict[str, tuple[int, ...]] = {
    "hotspots": (28, 20, 14, 9, 6),
    "kernels": (8, 6, 4, 2, 1),
    "stalls": (24, 12, 8, 5, 0),
    "classes": (40, 24, 14, 9, 6),
    "files": (12, 8, 5, 3, 2),
    "kept": (30, 16, 8, 4, 2),
    "dead_ends": (24, 16, 9, 5, 2),
    "older": (8, 8, 5, 3, 0),
    "near_misses": (5, 5, 3, 2, 1),
    "probes": (5, 5, 3, 2, 1),
    "diverged": (3, 3, 2, 1, 0),
    "lookbacks": (5, 5, 4, 3, 2),
    "relatives": (3, 3, 2, 2, 1),
    "hints": (12, 8, 4, 2, 0),
    "skills": (12, 12, 12, 8, 4),
    "wrong_rows": (16, 16, 12, 8, 5),
    "results": (40, 24, 14, 9, 6),
    "diff": (8_000, 6_000, 3_000, 1_200, 0),
    "log_tail": (4_000, 4_000, 3_000, 1_500, 800),
    "why": (4_000, 4_000, 3_000, 1_500, 800),
}
"""How many items (of a text: characters) each part may have, level by level."""
LEVELS = 5
NEWEST_LAST = frozenset({"kept", "dead_ends", "probes", "log_tail"})
LINE_CAPS = (300, 300, 240, 160, 100)
"""Characters of one line of text from elsewhere, level by level."""
NAMES = (30, 16, 8, 4, 0)
"""Functions named of each file."""


def estimate_tokens(text: str) -> int:
    """Return how many tokens a text has at most by any usual tokenizer: rather too many than too few."""
    total = 0
    for piece in _PIECES.findall(text):
        if piece[0].isascii() and piece[0].isalpha():
            total += math.ceil(len(piece) / _LETTERS)
        elif piece[0].isascii() and piece[0].isdigit():
            total += math.ceil(len(piece) / _DIGITS)
        elif piece[0] == " " and len(piece) == 1:
            continue  # a single space belongs to the word after it
        else:
            total += 1 if piece[0].isascii() else 2
    return total


def shrink(facts: Mapping[str, object], level: int) -> dict[str, object]:
    """Return the facts as a level tells them, with ``left_out`` saying what is missing."""
    told = dict(facts)
    left_out: list[str] = []
    for name, caps in CAPS.items():
        value, cap = told.get(name), caps[level]
        if isinstance(value, str):
            told[name] = value[len(value) - cap :] if name in NEWEST_LAST and len(value) > cap else value[:cap]
        elif isinstance(value, list) and len(cast("list[object]", value)) > cap:
            items = cast("list[object]", value)
            left_out.append(f"{len(items) - cap} {name.replace('_', ' ')}")
            told[name] = items[len(items) - cap :] if name in NEWEST_LAST else items[:cap]
    told["files"] = [_fewer_names(one, level) for one in cast("list[dict[str, Any]]", told.get("files") or [])]
    told["left_out"] = ", ".join(left_out)
    return cast("dict[str, object]", _shorter(told, LINE_CAPS[level]))


def _fewer_names(file: Mapping[str, Any], level: int) -> dict[str, Any]:
    return {**file, "names": file["names"][: NAMES[level]]}


_WHOLE = frozenset({
    "why", "diff", "log_tail", "task_words", "bound", "ask", "hints", "run_dry", "allowed", "protected", "id", "key",
    "path",
})  # fmt: skip
"""Bounded as a whole, our own words, or what must be repeated to the letter."""


def _shorter(value: object, cap: int) -> object:
    """Cut every line of text that is not to be kept whole."""
    if isinstance(value, str):
        return value if len(value) <= cap else value[:cap].rstrip() + " ..."
    if isinstance(value, list):
        return [_shorter(one, cap) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: one if key in _WHOLE else _shorter(one, cap) for key, one in items}
    return value

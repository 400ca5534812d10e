"""Foreign text inside Markdown: it reads the same raw and rendered, and can break neither a table nor a terminal."""

import re
from collections.abc import Iterable, Sequence
from unicodedata import bidirectional

from kernel_opt.views.format import clean, shorten

_ALWAYS = re.compile(r"([\\`*\[\]<>|~&!$@{}#]|:(?=//))")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LIST_MARK = re.compile(r"^(\d{0,9})([-+=.)])(?=[-=\s]|$)")
_DOMAIN = re.compile(r"\b(www)\.", re.IGNORECASE)
DASH = "–"
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
"""Around text that runs from right to left, so that it does not turn round what stands beside it in the line."""


class Markdown(str):
    """Text that is Markdown already; everything else is escaped when it enters the report."""

    __slots__ = ()


def escape(text: str, width: int = 0) -> Markdown:
    """Return foreign text, on one line and cut to ``width`` columns if given, with all its markup disarmed."""
    line = clean(text)
    line = shorten(line, width) if width else line
    line = _ALWAYS.sub(r"\\\1", line)
    line = _EDGE_UNDERSCORE.sub(r"\\_", line)
    line = _DOMAIN.sub(r"\1\\.", line)
    line = _LIST_MARK.sub(r"\1\\\2", line)
    return Markdown(f"{_ISOLATE}{line}{_END_ISOLATE}" if _is_right_to_left(text) else line)


def _is_right_to_left(text: str) -> bool:
    return any(bidirectional(char) in {"R", "AL", "AN"} for char in text)


def code(text: str, width: int = 0) -> Markdown:
    """Return foreign text as a code span that is safe in a table."""
    line = clean(text)
    line = shorten(line, width) if width else line
    if not line:
        return Markdown(DASH)
    line = line.replace("`", "'").replace("\\", "/" if "|" in line else "\\").replace("|", r"\|")
    return Markdown(f"`{line}`")


def finalize(value: object) -> str:
    """Escape what a template prints, unless it is Markdown already; None is a dash."""
    if value is None or value == "":
        return DASH
    return value if isinstance(value, Markdown) else escape(str(value))


def join(parts: Iterable[str], by: str = ", ") -> Markdown:
    """Join texts, escaping those that are no Markdown yet."""
    return Markdown(by.join(finalize(part) for part in parts))


def row(cells: Sequence[object]) -> Markdown:
    """Return one line of a table."""
    return Markdown("| " + " | ".join(finalize(cell) for cell in cells) + " |")

"""What a terminal can show: how wide, with colour or not, with more than ASCII or not. Standard library only."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO

from kernel_opt.views.format import plain, shorten, width_of

NARROWEST, WIDEST, PIPED = 60, 200, 200  # below 60 nothing fits, beyond 200 the eye gets lost; pipes lose nothing
_CODES = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "strong": "1"}

Segment = tuple[str, str]
"""Text and what it says: good, warn, bad, dim, strong, or nothing."""


class Terminal(NamedTuple):
    """How to write for one stream."""

    width: int = 80
    has_colour: bool = False
    has_unicode: bool = True

    def line(self, *segments: Segment | str) -> str:
        """Return one line, cut to the width, coloured where the terminal can."""
        left, parts = self.width, list[str]()
        for segment in segments:
            text, meaning = (segment, "") if isinstance(segment, str) else segment
            text = shorten(text, left)
            left -= width_of(text)
            shown = text if self.has_unicode else plain(text)
            code = _CODES.get(meaning) if self.has_colour and text.strip() else None
            parts.append(f"\x1b[{code}m{shown}\x1b[0m" if code else shown)
            if left <= 0:
                break
        return "".join(parts).rstrip()


def look_at(stream: TextIO, environ: Mapping[str, str] | None = None) -> Terminal:
    """Find out what a stream can show."""
    env = os.environ if environ is None else environ
    is_terminal = stream.isatty()
    has_colour = is_terminal and not env.get("NO_COLOR") and env.get("TERM") != "dumb"
    return Terminal(_width(stream, env, is_terminal=is_terminal), has_colour, _has_unicode(stream, env))


def _width(stream: TextIO, env: Mapping[str, str], *, is_terminal: bool) -> int:
    wished = env.get("COLUMNS", "")
    if wished.isdecimal() and int(wished):
        width = int(wished)
    elif is_terminal:
        try:
            width = os.get_terminal_size(stream.fileno()).columns or 80
        except (OSError, ValueError):
            width = 80
    else:
        width = PIPED
    return min(max(width, NARROWEST), WIDEST)


def _has_unicode(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Say whether both the stream and the terminal behind it speak UTF-8."""
    language = env.get("LANG", "")
    # In the C locale Python sets LC_CTYPE for itself before we can look, which says nothing about the terminal.
    is_coerced = env.get("LC_CTYPE") in {"C.UTF-8", "C.utf8", "UTF-8"} and language in {"", "C", "POSIX"}
    locale = env.get("LC_ALL") or ("" if is_coerced else env.get("LC_CTYPE")) or language
    speaks = "utf8" in locale.lower().replace("-", "")
    return speaks and (stream.encoding or "").lower().replace("-", "").startswith("utf8")


def write(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines; what the stream's encoding cannot show becomes a question mark."""
    out = sys.stdout if stream is None else stream
    encoding = out.encoding or "ascii"
    for text in lines:
        out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    out.flush()


def wrap(text: str, width: int) -> list[str]:
    """Break text into lines at spaces; a longer word is cut by whoever shows it."""
    lines = [""]
    for word in text.split():
        if lines[-1] and width_of(lines[-1]) + 1 + width_of(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines

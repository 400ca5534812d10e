"""Find the JSON in the output of a tool that also talks."""

import json
import re

from kernel_opt.model.errors import ReadFailedError

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BRACKET = re.compile(r"[\[{]")
_MAX_STARTS = 2000
"""Lines that look like JSON and are not; real noise is a few lines, and each try costs time."""


def find_documents(text: str) -> list[object]:
    """Return every complete JSON object or list, in order.

    A document starts at the first bracket of a line that is not indented: an indented bracket belongs to a bigger
    document, and reading a piece of one that was cut off would pass for the whole.
    """
    text = _ANSI.sub("", text)
    decoder = json.JSONDecoder()
    documents: list[object] = []
    position = starts = 0
    while (start := _find_start(text, position)) is not None:
        starts += 1
        if starts > _MAX_STARTS:
            raise ReadFailedError("the output is not JSON, only brackets")
        try:
            document, position = decoder.raw_decode(text, start)
            documents.append(document)
            while text[position : position + 1] in {" ", "\t"}:  # the next one may follow on the same line
                position += 1
        except (ValueError, RecursionError):
            position = _next_line(text, start)
    return documents


def _find_start(text: str, position: int) -> int | None:
    """Find the next place where a document may start: here, when a document has just ended, or on a later line."""
    while position < len(text):
        end = _next_line(text, position)
        found = None if text[position] in " \t" else _BRACKET.search(text, position, end)
        if found:
            return found.start()
        position = end
    return None


def _next_line(text: str, position: int) -> int:
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1

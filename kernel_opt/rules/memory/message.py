"""What of an agent's words may stand in a commit."""

import re
from unicodedata import category

LONGEST_CHARS = 1_500  # a page of a terminal; more is a report, and nobody reads it in a log
_TRAILER = re.compile(r"^[A-Za-z][\w-]*-by:|^kernel-opt-\w+:|^```|^Change-Id:", re.IGNORECASE)
"""Lines that tools would take for signatures or marks of ours."""


def fit_message(text: str) -> str:
    """Return an explanation fit for a commit: plain lines of bounded length, or nothing when there is none."""
    plain = "".join(char if char == "\n" or not category(char).startswith("C") else " " for char in text)
    lines = [line.rstrip() for line in plain.strip().splitlines()]
    kept = "\n".join(line for line in lines if not _TRAILER.match(line.strip())).strip()
    if kept.startswith(("{", "[")):
        return ""
    return kept if len(kept) <= LONGEST_CHARS else kept[:LONGEST_CHARS].rsplit(maxsplit=1)[0] + " ..."

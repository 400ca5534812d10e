"""Which functions a diff touches, as far as the diff itself tells."""

import re

MOST = 12  # a claim is about few; an edit that touches more is about none of them
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?(.*)$")
_DEFINED = re.compile(r"(?:^|\s)(?:def|class)\s+([A-Za-z_]\w*)")
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")


def find_functions(diff: str) -> tuple[str, ...]:
    """Return the functions that a patch's hunks stand in or define, in order of appearance."""
    found: dict[str, None] = {}
    for line in diff.splitlines():
        hunk = _HUNK.match(line)
        if hunk:
            text = hunk.group(1)
            named = _DEFINED.search(text) or _CALLED.search(text)
        elif line[:1] in "+-" and not line.startswith(("+++", "---")):
            named = _DEFINED.match(line[1:].strip())
        else:
            named = None
        if named:
            found[named.group(1)] = None
    return tuple(found)[:MOST]

"""Path globs as people write them: `*` within a folder, `**` across folders; `**/` as a whole folder may be none."""

import re
from collections.abc import Sequence
from functools import lru_cache


def matches_any(path: str, globs: Sequence[str]) -> str | None:
    """Return the first glob that matches ``path``, or None."""
    return next((glob for glob in globs if _compiled(glob).fullmatch(path)), None)


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = re.split(r"((?<![^/])\*\*/|\*\*|\*|\?)", glob)
    meaning = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(meaning.get(part) or re.escape(part) for part in parts), re.DOTALL)

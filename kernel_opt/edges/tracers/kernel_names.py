"""A kernel's name without what tools hang on to it."""

import re

_SUFFIX = re.compile(r"(\.kd| \[clone \.kd\]| \(\.kd\)| \[clone [^\]]*\])+$")


def strip_suffix(name: str) -> str:
    """Remove the descriptor suffixes that different tools write after a kernel's name."""
    return _SUFFIX.sub("", name.strip())

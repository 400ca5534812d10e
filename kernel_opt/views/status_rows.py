"""The rows of the status screen: a word in the margin, then text that is wrapped or cut to the width."""

from kernel_opt.views.format import clean
from kernel_opt.views.terminal import Segment, Terminal, wrap

LABEL = 10  # columns of the left margin with its words


def row(terminal: Terminal, label: str, *segments: Segment | str) -> str:
    """Return one line below a label."""
    return terminal.line((f"  {label:{LABEL - 2}}", "dim"), *segments)


def block(terminal: Terminal, label: str, text: str, meaning: str = "") -> list[str]:
    """Return a text of any length below a label."""
    lines = wrap(clean(text), terminal.width - LABEL)
    return [row(terminal, label if not number else "", (part, meaning)) for number, part in enumerate(lines)]

"""How a run stands, seen from outside by its stored snapshot. Imports no model: `status` must start at once."""

from typing import Any, NamedTuple

from kernel_opt.views.format import clean, gain_text, pad
from kernel_opt.views.terminal import Segment, Terminal

Shot = dict[str, Any]
EXIT_STOPPED, EXIT_DEAD = 3, 4
COLOURS = {"running": "good", "starting": "good", "waiting": "warn", "paused": "warn", "dead": "bad", "broken": "bad"}


class Seen(NamedTuple):
    """A run as seen from outside."""

    tag: str
    directory: str
    shot: Shot | None
    """The stored snapshot; None while there is none."""
    pid: int | None
    """Of the live daemon; 0 when it lives and has not said its number."""
    last_fact_s: float | None = None
    problem: str = ""
    """Why the journal cannot be read."""
    disk_free_mb: float | None = None
    """Room on the disk of the run's state; None when it cannot be told."""
    queue: tuple[dict[str, str], ...] = ()
    """Sessions that are jobs of a cluster, with what its scheduler says of each."""


def word_of(seen: Seen) -> str:
    """Return the run's state in one word: what the journal says, unless nobody is there to do it."""
    if seen.problem:
        return "broken"
    said = str(seen.shot["state"]) if seen.shot else "starting"
    return "dead" if seen.pid is None and said != "stopped" else said


def exit_code_of(word: str) -> int:
    """Return 0 for a run that is under way, 3 for a stopped one, 4 for one that should be under way and is not."""
    return {"stopped": EXIT_STOPPED, "dead": EXIT_DEAD, "broken": EXIT_DEAD}.get(word, 0)


def render_line(seen: Seen, terminal: Terminal, tag_width: int) -> str:
    """Return one run in one line."""
    word, shot = word_of(seen), seen.shot
    head: list[Segment | str] = [(pad(seen.tag, tag_width), "strong"), "  ", (f"{word:9}", COLOURS.get(word, ""))]
    if shot is None:
        return terminal.line(*head, clean(seen.problem))
    gain = gain_text(shot["overall"]["gain_pct"], shot["overall"]["uncertainty_pct"])
    tail = shot["stop"]["reason"] if shot["stop"] else (shot["hold"] or shot["step"]).get("why", shot["step"]["text"])
    return terminal.line(*head, f"round {shot['round']:<4} ", f"{gain:>14} ", clean(tail))

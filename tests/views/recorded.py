"""What views show of the canned journals, word for word, in files beside this one that people can read.

After a wanted change: ``python -m tests.views.recorded`` writes them afresh; then read what changed.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.views.history import render_history
from kernel_opt.views.performance import render_performance, render_picture
from kernel_opt.views.round_text import render_round
from kernel_opt.views.snapshot import snapshot
from kernel_opt.views.status import Seen
from kernel_opt.views.status_screen import render_screen
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import find_given_up, tell_rounds
from kernel_opt.views.terminal import Terminal
from tests.views import canned
from tests.views.journals import JOURNALS

FOLDER = Path(__file__).parent / "data"
LATER_S = 75.0
"""Seconds after the last fact at which somebody looks."""


def seen_of(run: canned.Canned, pid: int | None = 4711, disk_free_mb: float | None = 81_234.0) -> Seen:
    """Return a run as `status` sees it."""
    shot = json.loads(snapshot(run.state, run.settings))
    alive = None if shot["state"] == "stopped" else pid
    return Seen("apr16", "/state/apr16", shot, alive, shot["last_fact_s"], "", disk_free_mb)


USUAL = Terminal(80)


def screen_of(run: canned.Canned, terminal: Terminal = USUAL, pid: int | None = 4711) -> list[str]:
    seen = seen_of(run, pid)
    return render_screen(seen, terminal, seen.last_fact_s + LATER_S)


def told(run: canned.Canned) -> list[RoundStory]:
    """Return the rounds as the verbs that list them do."""
    given_up, rounds = find_given_up(run.entries), list(tell_rounds(run.entries))
    for one in rounds:
        one.is_given_up = one.round in given_up
    return rounds


def show_all(run: canned.Canned, terminal: Terminal) -> list[str]:
    return [line for one in told(run) for line in (*render_round(one, terminal), "", "")]


def _lines(render: Callable[[canned.Canned], list[str]]) -> Callable[[canned.Canned], str]:
    return lambda run: "\n".join(render(run)) + "\n"


STATUS, HISTORY = _lines(screen_of), _lines(lambda run: render_history(told(run), USUAL))
SHOW = _lines(lambda run: show_all(run, USUAL))

RECORDED: dict[str, tuple[str, Callable[[canned.Canned], str]]] = {
    **{f"status-{name}.txt": (name, STATUS) for name in JOURNALS},
    **{f"history-{name}.txt": (name, HISTORY) for name in ("running", "endings", "hostile", "rolled-back", "lanes")},
    **{f"show-{name}.txt": (name, SHOW) for name in ("endings", "split", "checked")},
    **{f"performance-{name}.md": (name, lambda run: render_performance(run.entries))
       for name in ("fresh", "split", "stopped", "hostile", "rolled-back")},
    **{f"performance-{name}.svg": (name, lambda run: render_picture(run.entries)) for name in ("running", "stopped")},
}  # fmt: skip
"""File name to the journal and what renders it."""


def file_of(name: str) -> Path:
    return FOLDER / name.replace(" ", "-")


def render_recorded(name: str) -> str:
    journal, render = RECORDED[name]
    return render(JOURNALS[journal]())


def main() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in RECORDED:
        file_of(name).write_text(render_recorded(name), encoding="utf-8")


if __name__ == "__main__":
    main()

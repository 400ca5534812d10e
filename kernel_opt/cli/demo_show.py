"""The run as it happens: lines of what happened, and on a terminal below them how it stands now."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TextIO

from kernel_opt.cli.demo_follow import Show
from kernel_opt.cli.demo_gains import overall_speed_up, table_of, times_text
from kernel_opt.cli.demo_lines import Line, tell_fact
from kernel_opt.model.facts import DaemonStarted, Entry
from kernel_opt.model.state import RunState
from kernel_opt.views.format import clean_line, duration
from kernel_opt.views.terminal import Terminal, look_at, write

_LABEL = 10
_STYLES = {"good": "green", "warn": "yellow", "bad": "red", "dim": "dim", "strong": "bold"}
_REFRESHES_PER_S = 4


class PlainShow:
    """One line a fact, with the minutes and seconds since it began."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._terminal = stream, look_at(stream)
        self._began_s = 0.0

    def tell(self, entry: Entry, state: RunState) -> None:
        """Write the fact's line, if it has one."""
        if isinstance(entry.fact, DaemonStarted):
            self._began_s = entry.at_s
        line = tell_fact(entry.fact, state)
        if line is not None:
            write([_paint(line, entry.at_s - self._began_s, self._terminal)], self._stream)

    def tick(self, state: RunState) -> None:
        """Nothing stands still on paper."""
        del state


class LiveShow(PlainShow):
    """The same lines above, and below them the classes and the clock."""

    def __init__(self, stream: TextIO, live: Any, minutes: float) -> None:
        super().__init__(stream)
        self._live, self._limit_s, self._from = live, 60 * minutes, time.monotonic()

    def tell(self, entry: Entry, state: RunState) -> None:
        """Print the fact's line above what is live."""
        from rich.text import Text

        if isinstance(entry.fact, DaemonStarted):
            self._began_s = entry.at_s
        line = tell_fact(entry.fact, state)
        if line is not None:
            label, text, meaning = line
            row = Text(f"{_clock(entry.at_s - self._began_s)} {label:{_LABEL}}", style="dim")
            row.append(clean_line(text), style=_STYLES.get(meaning, "default"))
            self._live.console.print(row)

    def tick(self, state: RunState) -> None:
        """Draw how it stands now."""
        self._live.update(_picture(state, time.monotonic() - self._from, self._limit_s))


@contextmanager
def open_show(stream: TextIO, minutes: float, *, is_plain: bool) -> Generator[Show]:
    """Give a live picture on a terminal, plain lines elsewhere."""
    if is_plain or not look_at(stream).has_colour:
        yield PlainShow(stream)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=stream), refresh_per_second=_REFRESHES_PER_S, transient=True) as live:
        yield LiveShow(stream, live, minutes)


def _paint(line: Line, at_s: float, terminal: Terminal) -> str:
    label, text, meaning = line
    return terminal.line((f"{_clock(at_s)} {label:{_LABEL}}", "dim"), (text, meaning))


def _clock(at_s: float) -> str:
    return f"{int(at_s) // 60:2}:{int(at_s) % 60:02}"


def _picture(state: RunState, passed_s: float, limit_s: float) -> Any:
    """Return the classes as a table, with the clock below it."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), title=None)
    table.add_column("config class", header_style="dim")
    for name in ("as found us", "best us", "speed-up"):
        table.add_column(name, justify="right", header_style="dim", style="bold")
    for row in table_of(state):
        table.add_row(*row)
    endings = ", ".join(f"{number} {ending}" for ending, number in state.tally.endings) or "no round is over yet"
    overall = times_text(overall_speed_up(state)) if state.tally.keeps else "1x"
    words = f"{duration(passed_s)} of {duration(limit_s)}   round {state.round}   overall {overall}   {endings}"
    bar = ProgressBar(total=limit_s, completed=min(passed_s, limit_s))
    return Group(Text(""), table, bar, Text(words, style="dim"))

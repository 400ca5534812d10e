"""``kernel-opt status``: what every run is doing, from any terminal, with or without its daemon."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.runs import all_runs, find_run, is_alive
from kernel_opt.edges.places import RunPlace, read_queue
from kernel_opt.journal.reader import read_summary
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.views.format import moment, width_of
from kernel_opt.views.status import Seen, exit_code_of, render_line, word_of
from kernel_opt.views.status_advice import record_of
from kernel_opt.views.status_screen import render_screen
from kernel_opt.views.terminal import look_at, write

JSON_SCHEMA = 1
_WATCH_S = 1.0  # a person sees no more than that, and the daemon is not bothered by it
_LINES = 24  # of a terminal that does not know how many it has
_ENTER, _LEAVE, _HOME, _TO_LINE_END, _TO_SCREEN_END = (
    "\x1b[?1049h\x1b[?25l",
    "\x1b[?25h\x1b[?1049l",
    "\x1b[H",
    "\x1b[K",
    "\x1b[J",
)

_EPILOG = """exit code:
  0  running, waiting, paused, starting or stopping
  3  stopped: the run ended and put everything away
  4  dead: the journal says it is running, but no daemon is
  With several runs: 4 when one is dead, else 0 when one is under way, else 3.

--json prints {"schema": 1, "runs": [...]}, one object a run: schema, tag, repository, worktree, branch, directory,
state, step, hold, round, round_now, baseline_commit, best_commit, best_round, classes, overall, headline,
regressions_in_a_row, regressions_limit, keeps, endings, recent, predictions, spent, stop, detectable_pct, card,
sandbox, sandbox_text, refused, lanes_limit, lanes, agent, blocked, min_free_mb, disk_free_mb, started_s, last_fact_s,
pid, queue, advice, problem.
Times end in _s (wall clock in seconds since 1970), microseconds in _us, per cents in _pct; null is unknown. Fields may
be added, never renamed; docs/status-json.md describes each. A run that cannot be read has only tag, directory, state,
pid, last_fact_s, disk_free_mb, queue, advice, problem.

examples:
  kernel-opt status                      every run; the whole screen when there is one
  kernel-opt status --tag apr16-pa-ps    the whole screen of one run
  kernel-opt status --watch              live, until Ctrl-C or the end of the run
  kernel-opt status --watch | tee log    a line whenever something changed
  kernel-opt status --json | jq '.runs[].overall.gain_pct'
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "status", "show what every run is doing", _EPILOG)
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, documented below")
    parser.add_argument("--watch", action="store_true", help="keep the screen up to date")


def run(args: argparse.Namespace) -> int:
    """Show it; the exit code tells how the run stands."""
    is_one = bool(args.tag or args.repo)

    def look() -> list[Seen]:
        return [see(place) for place in ([find_run(args.tag, args.repo)] if is_one else all_runs())]

    if args.json:
        seen = look()
        now_s = time.time()
        write([json.dumps({"schema": JSON_SCHEMA, "runs": [record_of(one, now_s) for one in seen]}, indent=1)])
        return sum_up(seen)
    if args.watch:
        show = watch if sys.stdout.isatty() else follow
        return show(look, sys.stdout, lambda: time.sleep(_WATCH_S))
    seen = look()
    write(render(seen, sys.stdout))
    return sum_up(seen)


def see(place: RunPlace) -> Seen:
    """Look at one run from outside; a journal that cannot be read is part of the answer."""
    pid, free_mb = is_alive(place), _free_mb(place.directory)
    if place.problem:
        return Seen(place.tag, place.directory, None, pid, None, place.problem, free_mb)
    try:
        _, _, snapshot, at_s = read_summary(place.directory)
    except ReadFailedError as error:
        return Seen(place.tag, place.directory, None, pid, None, str(error), free_mb)
    shot = json.loads(snapshot) if snapshot else None
    return Seen(place.tag, place.directory, shot, pid, at_s, "", free_mb, read_queue(place) if pid is not None else ())


def _free_mb(directory: str) -> float | None:
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    return round(found.f_bavail * found.f_frsize / 1e6, 1)


def sum_up(seen: list[Seen]) -> int:
    """Return the exit code for all runs together."""
    codes = {exit_code_of(word_of(one)) for one in seen}
    return max(codes) if 4 in codes else min(codes, default=0)


def render(seen: list[Seen], stream: TextIO, height: int = _LINES) -> list[str]:
    """Return the lines for one run or for many, on a screen of so many lines."""
    terminal = look_at(stream)
    if not seen:
        return ["There is no run yet: `kernel-opt start --tag T` begins one."]
    if len(seen) == 1:
        return render_screen(seen[0], terminal, time.time(), height - 1)
    widest = max(width_of(one.tag) for one in seen)
    return [render_line(one, terminal, widest) for one in seen]


def watch(look: Callable[[], list[Seen]], stream: TextIO, pause: Callable[[], None]) -> int:
    """Draw over the same place again and again, each frame in one write, until all runs are over."""
    stream.write(_ENTER)
    seen: list[Seen] = []
    try:
        while True:
            seen = look()
            height = os.get_terminal_size(stream.fileno()).lines or _LINES
            frame = "".join(f"{line}{_TO_LINE_END}\n" for line in render(seen, stream, height)[: height - 1])
            stream.write(f"{_HOME}{frame}{_TO_SCREEN_END}")
            stream.flush()
            if sum_up(seen):
                break
            pause()
    except KeyboardInterrupt:
        pass
    finally:
        stream.write(_LEAVE)
    write(render(seen, stream), stream)
    return sum_up(seen)


def follow(look: Callable[[], list[Seen]], stream: TextIO, pause: Callable[[], None]) -> int:
    """Write a plain line for each run whenever it has changed, until all runs are over: for pipes and files."""
    told: dict[str, str] = {}
    while True:
        seen = look()
        terminal = look_at(stream)
        widest = max((width_of(one.tag) for one in seen), default=0)
        for one in seen:
            line = render_line(one, terminal, widest)
            if told.get(one.directory) != line:
                told[one.directory] = line
                write([f"{moment(time.time())}  {line}"], stream)
        if not seen or sum_up(seen):
            return sum_up(seen)
        try:
            pause()
        except KeyboardInterrupt:
            return sum_up(seen)

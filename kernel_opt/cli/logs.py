"""``kernel-opt logs``: what the daemon says, for people; with -f as it says it."""

import argparse
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.runs import find_run
from kernel_opt.model.errors import UsageError
from kernel_opt.views.log_lines import render_log_line
from kernel_opt.views.terminal import Terminal, look_at, write

_LINES = 50
_POLL_S = 0.5  # quick for an eye, nothing for a machine
_WIDEST = 100_000  # a log line is never cut: the terminal wraps it

_EXAMPLES = """examples:
  kernel-opt logs                  the last 50 lines
  kernel-opt logs -f               and what comes, until Ctrl-C
  kernel-opt logs -n 0 --json      everything, as the daemon wrote it
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "logs", "show what the daemon says", _EXAMPLES)
    add_run_options(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on showing what comes, until Ctrl-C")
    help_lines = "the last N lines; 0: all (default: %(default)s)"
    parser.add_argument("-n", "--lines", type=int, default=_LINES, metavar="N", help=help_lines)
    parser.add_argument("--json", action="store_true", help="the JSON lines as they are")


def run(args: argparse.Namespace) -> int:
    """Print the log; exit code 0."""
    if args.lines < 0:
        raise UsageError(f"--lines {args.lines} is less than nothing", "0 shows all lines")
    path = Path(find_run(args.tag, args.repo).log)
    terminal = look_at(sys.stdout)._replace(width=_WIDEST)
    try:
        if args.follow:
            show(follow(path, args.lines, lambda: time.sleep(_POLL_S)), terminal, is_raw=args.json)
        else:
            show(last_lines(path, args.lines), terminal, is_raw=args.json)
    except KeyboardInterrupt:
        return 0
    return 0


def show(lines: Iterable[str], terminal: Terminal, *, is_raw: bool) -> None:
    """Print lines one by one, as they come."""
    for line in lines:
        write([line if is_raw else render_log_line(line, terminal)])


def last_lines(path: Path, most: int) -> Iterable[str]:
    """Return the last lines of a log and of its older, rotated parts; 0: all."""
    return deque((line for part in (*_older(path), path) for line in _lines(part)), maxlen=most or None)


def _older(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.*"), key=_age, reverse=True)


def _lines(path: Path) -> Iterator[str]:
    file = _open(path)
    if file is not None:
        with file:
            yield from (line.rstrip("\n") for line in file)


def _age(path: Path) -> int:
    number = path.suffix[1:]
    return int(number) if number.isdecimal() else 0


def follow(path: Path, most: int, pause: Callable[[], object]) -> Iterator[str]:
    """Yield the last lines and then every new one, over rotations; a line half written waits for its end."""
    file = _open(path)
    *whole, rest = _read(file).split("\n")
    old = (line for part in _older(path) for line in _lines(part))
    try:
        yield from deque(chain(old, whole), maxlen=most or None)
        while True:
            is_over = file is None or _is_rotated(path, file)
            # Read after the look: what was written just before the rotation is still in the old file.
            *whole, rest = (rest + _read(file)).split("\n")
            yield from whole
            if is_over:
                _close(file)
                file = _open(path)
            if not is_over or file is None:
                pause()
    finally:
        _close(file)


def _close(file: IO[str] | None) -> None:
    if file is not None:
        file.close()


def _read(file: IO[str] | None) -> str:
    return file.read() if file else ""


def _open(path: Path) -> IO[str] | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _is_rotated(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False

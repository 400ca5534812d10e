"""`kernel-opt demo`: the whole loop, for real, on this machine's CPU."""

import argparse
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """examples:
  kernel-opt demo                        three minutes in a scratch folder
  kernel-opt demo --minutes 10           longer: more ideas, then the search over the knobs
  kernel-opt demo --into ~/pa-demo       there, to keep; the same again goes on with it
  kernel-opt demo --plain | tee log      lines instead of a live picture

Nothing is staged: a copy of the example, a real daemon, real compiling, measuring, tracing and judging on CPU cores.
It needs Linux and a C compiler. Ctrl-C ends it in order, as do SIGTERM and a closed
terminal, and it can be gone on with. While it runs, `kernel-opt status`
in another terminal shows it like any run.

exit codes: 0 it ended in order, 1 it could not, 2 usage, 130 Ctrl-C, 143 SIGTERM
"""
SHORTEST_MIN = 0.5  # the baseline alone takes that long


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "demo", "tune the shipped example on this machine's CPU, live", EXAMPLES)
    parser.add_argument("--into", type=Path, metavar="DIR", help="where its repository goes (default: a new temporary)")
    parser.add_argument("--minutes", type=_minutes, default=3.0, metavar="M", help="about how long (3)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="fixes the search's choices, not the timings")
    parser.add_argument("--plain", action="store_true", help="plain lines, also on a terminal")


def _minutes(text: str) -> float:
    number = float(text)
    if not SHORTEST_MIN <= number <= 24 * 60:
        raise argparse.ArgumentTypeError(f"from {SHORTEST_MIN} minutes to a day")
    return number


def run(args: argparse.Namespace) -> int:
    """Set it up or go on with it, show it, sum it up."""
    from kernel_opt.cli.demo_follow import follow, refuse_dead_daemon
    from kernel_opt.cli.demo_place import begin_demo
    from kernel_opt.cli.demo_show import open_show
    from kernel_opt.cli.demo_summary import render_summary, tell_how_to_go_on
    from kernel_opt.views.terminal import look_at, write

    begun = begin_demo(args.into, args.minutes, args.seed, say=lambda line: write([line]))
    with open_show(sys.stdout, args.minutes, is_plain=args.plain) as show:
        ended_by = follow(begun, show, args.minutes)
    refuse_dead_daemon(begun)
    write(render_summary(Path(begun.place.directory), begun.place, look_at(sys.stdout)))
    if ended_by is not None:
        write(tell_how_to_go_on(begun.root))
    return 0 if ended_by is None else 128 + ended_by

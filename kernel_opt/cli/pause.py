"""`kernel-opt pause`: let a run rest; the card is free meanwhile."""

import argparse

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt pause               rest after the current step; `kernel-opt resume` goes on
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    add_run_options(add_verb(subparsers, "pause", "let a run rest between two steps", EXAMPLES))


def run(args: argparse.Namespace) -> int:
    """Ask the daemon to rest."""
    from kernel_opt.cli.runs import find_run
    from kernel_opt.daemon.asking import PAUSE, ask

    place = find_run(args.tag, args.repo)
    ask(place, PAUSE)
    print(f"run {place.tag} rests after its current step; `kernel-opt resume --tag {place.tag}` lets it go on")
    return 0

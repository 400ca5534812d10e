"""`kernel-opt resume`: let a paused run go on."""

import argparse

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt resume              go on after `kernel-opt pause`

A run that stopped goes on with `kernel-opt start --tag T --resume`.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    add_run_options(add_verb(subparsers, "resume", "let a paused run go on", EXAMPLES))


def run(args: argparse.Namespace) -> int:
    """Take the wish to rest back."""
    from kernel_opt.cli.runs import find_run
    from kernel_opt.daemon.asking import PAUSE, take_back

    place = find_run(args.tag, args.repo)
    take_back(place, PAUSE)
    print(f"run {place.tag} goes on")
    return 0

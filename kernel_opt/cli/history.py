"""``kernel-opt history``: every round of a run in a table."""

import argparse
import sys
from pathlib import Path

import msgspec

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.runs import find_run
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.views.bundle import round_record
from kernel_opt.views.history import render_history
from kernel_opt.views.telling import tell_rounds
from kernel_opt.views.terminal import look_at, write

_EXAMPLES = """examples:
  kernel-opt history                          all rounds of the only run, or of the repository one stands in
  kernel-opt history --tag apr16-pa-ps | grep regression
  kernel-opt history --json | jq '.[] | select(.ending == "kept") | .sentence'

--json prints a list with one object a round, the same as verdict.json in the round's folder.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "history", "list every round with its ending", _EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table; exit code 0."""
    place = find_run(args.tag, args.repo)
    rounds = tell_rounds(entries(read_records(Path(place.directory))))
    if args.json:
        write([msgspec.json.encode([round_record(one) for one in rounds]).decode()])
    else:
        write(render_history(rounds, look_at(sys.stdout)))
    return 0

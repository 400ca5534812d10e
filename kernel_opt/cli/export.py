"""`kernel-opt export`: all measurements of a run as a table."""

import argparse
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt export > runs.csv                     one line per config of every timed run
  kernel-opt export --format parquet -o runs.parquet
  kernel-opt export --format json | jq '.[] | select(.round == 7)'

A row is one config of one run: its times, error, clock range and throttling, and which integrity checks it stood.
Purpose is noise, round or headline for runs timed next to each other, bench for single ones. Unknown stays empty.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "export", "all measurements of a run as CSV, JSON or Parquet", EXAMPLES)
    add_run_options(parser)
    parser.add_argument(
        "--format", choices=("csv", "json", "parquet"), default="csv", help="csv (default), json, parquet"
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write here instead of to standard output")


def run(args: argparse.Namespace) -> int:
    """Write the table."""
    from kernel_opt.cli.runs import find_run
    from kernel_opt.edges.tables import write_table
    from kernel_opt.journal.codec import entries
    from kernel_opt.journal.store import read_records
    from kernel_opt.views.samples import COLUMNS, list_samples

    place = find_run(args.tag, args.repo)
    rows = list(list_samples(entries(read_records(Path(place.directory)))))
    print(write_table(COLUMNS, rows, args.output, args.format), end="")
    return 0

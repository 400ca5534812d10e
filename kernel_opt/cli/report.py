"""``kernel-opt report``: performance.md or results.tsv, rendered again from the journal."""

import argparse
import os
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.runs import find_run
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import KernelOptError
from kernel_opt.views.performance import render_performance
from kernel_opt.views.tsv import render_tsv

_EXAMPLES = """examples:
  kernel-opt report                                  performance.md on the terminal
  kernel-opt report --results --output results.tsv   every experiment as a table
  kernel-opt report --tag apr16-pa-ps | pandoc -o report.pdf
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "report", "render performance.md or results.tsv again", _EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--results", action="store_true", help="results.tsv, with every experiment")
    parser.add_argument("--output", metavar="FILE", help="write to this file instead of the terminal")


def run(args: argparse.Namespace) -> int:
    """Render and write; exit code 0."""
    place = find_run(args.tag, args.repo)
    past = entries(read_records(Path(place.directory)))
    text = render_tsv(past) if args.results else render_performance(past)
    if args.output:
        _write_file(Path(args.output), text.encode())
    else:
        # As bytes: the document is UTF-8 whatever the terminal's locale is.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    return 0


def _write_file(path: Path, content: bytes) -> None:
    """Put the file in place in one move, so that nobody sees half of it."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise KernelOptError(f"{path} cannot be written: {error.strerror}", "choose another --output") from error

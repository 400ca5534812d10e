"""``kernel-opt report``: performance.md, results.tsv or one HTML page, rendered again from the journal."""

import argparse
import os
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.runs import find_run
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import KernelOptError
from kernel_opt.views.performance import render_performance, render_picture
from kernel_opt.views.tsv import render_tsv

_EXAMPLES = """examples:
  kernel-opt report                                  performance.md on the terminal
  kernel-opt report --results --output results.tsv   every experiment as a table
  kernel-opt report --picture --output progress.svg  the picture of the report
  kernel-opt report --tag apr16-pa-ps | pandoc -o report.pdf
  kernel-opt report --html night.html                one self-contained page for a browser, a mail, paper
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "report", "render performance.md, results.tsv or an HTML page", _EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--results", action="store_true", help="results.tsv, with every experiment")
    parser.add_argument(
        "--html", nargs="?", const="", metavar="FILE", help="one self-contained page (default: TAG.html here)"
    )
    parser.add_argument("--picture", action="store_true", help="performance.svg, the picture of the report")
    parser.add_argument("--output", metavar="FILE", help="write to this file instead of the terminal")


def run(args: argparse.Namespace) -> int:
    """Render and write; exit code 0."""
    place = find_run(args.tag, args.repo)
    if args.html is not None:
        return _write_page(place, Path(args.html or args.output or f"{place.tag}.html"))
    past = entries(read_records(Path(place.directory)))
    render = render_tsv if args.results else render_picture if args.picture else render_performance
    text = render(past)
    if args.output:
        _write_file(Path(args.output), text.encode())
    else:
        # As bytes: the document is UTF-8 whatever the terminal's locale is.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    return 0


def _write_page(place: RunPlace, path: Path) -> int:
    """Write the page and say where it lies; its parts are loaded only when it is wished."""
    from kernel_opt.cli.page_of_run import diff_reader, record_now, standing_of
    from kernel_opt.views.html.page import render_report

    past = entries(read_records(Path(place.directory)))
    page = render_report(past, diff_reader(place), standing_of(record_now(place))).encode()
    _write_file(path, page)
    print(f"{path}: {len(page) / 1e6:.1f} MB, complete in itself; open it in a browser")
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

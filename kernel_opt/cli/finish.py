"""`kernel-opt finish`: the kept commits of a run as a clean branch or as patches, one for each win, measured first."""

import argparse
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt finish                          measure best against the baseline, then make branch kernel-opt-T
  kernel-opt finish --branch faster-decode   under another name
  kernel-opt finish --patches out            as patches for `git am`, with a letter
  kernel-opt finish --dry-run                only tell which commits it would be

Each win is one commit with its hypothesis and its figures; the run's report is left out. The last message also tells
what the whole is worth, measured just now. Your checkout, its index and the run's own branch are never touched.

exit codes: 0 made, there already, or told; 1 nothing to hand out, not faster, or not measured; 2 usage; 130 Ctrl-C
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "finish", "turn the kept commits into a clean branch or patches", EXAMPLES)
    add_run_options(parser)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--branch", default="", metavar="NAME", help="the new branch (default: kernel-opt-TAG)")
    place.add_argument("--patches", type=Path, metavar="DIR", help="a new folder of patches instead of a branch")
    parser.add_argument("--with-report", action="store_true", help="keep performance.md and its picture in the commits")
    parser.add_argument("--unmeasured", action="store_true", help="do not measure first; the messages then lack it")
    parser.add_argument("--force", action="store_true", help="also what is not shown to be faster, measured afresh")
    parser.add_argument("--dry-run", action="store_true", help="make nothing and measure nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure, make, tell."""
    from kernel_opt.cli.finish_series import Wish, finish
    from kernel_opt.cli.runs import find_run
    from kernel_opt.views.series_text import render_series, series_record
    from kernel_opt.views.terminal import look_at, write

    place = find_run(args.tag, args.repo)
    wish = Wish(
        branch=args.branch,
        patches=args.patches.absolute() if args.patches else None,
        with_report=args.with_report,
        is_measured=not args.unmeasured,
        is_forced=args.force,
        is_dry=args.dry_run,
    )
    series = finish(place, wish)
    if args.json:
        import msgspec

        write([msgspec.json.encode(series_record(series)).decode()])
    else:
        write(render_series(series, look_at(sys.stdout)))
    return 0

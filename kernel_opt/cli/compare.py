"""`kernel-opt compare A B`: any two commits of a target, measured next to each other by the judge, without any run."""

import argparse
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb
from kernel_opt.rules.judge.headline import HEADLINE_PAIRS

EXAMPLES = """examples:
  kernel-opt compare main my-branch          is my-branch faster than main, and where
  kernel-opt compare HEAD .                  the files as they are in your checkout, against HEAD
  kernel-opt compare v1.2 HEAD --json | jq .outcome

Both are written out as clean trees, shown to be right, and run by turns on one idle card. Every class is judged, by GPU
time where the platform has a tracer. Nothing stays: no branch, no ref, no file; Ctrl-C ends it and lets go of the card.

exit codes: 0 B is faster or as fast, 3 slower somewhere or not clear, 1 it could not be measured, 2 usage, 130 Ctrl-C
"""
NOT_FINE = 3


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "compare", "measure two commits against each other", EXAMPLES)
    parser.add_argument("a", metavar="A", help="what it is compared with: a commit, branch or tag")
    parser.add_argument("b", metavar="B", help='what is new; "." is your checkout with its uncommitted work')
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: as `start` finds them)")
    parser.add_argument(
        "--pairs", type=int, default=HEADLINE_PAIRS, metavar="N", help="runs of each at least (%(default)s)"
    )
    parser.add_argument("--script-time", action="store_true", help="the benchmark's own times, without the tracer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure, tell, and leave nothing."""
    from kernel_opt.cli.compare_sides import find_side
    from kernel_opt.cli.measuring import hear_ctrl_c, open_tools, without_tracer
    from kernel_opt.cli.progress import Progress
    from kernel_opt.daemon.plan import user_environment
    from kernel_opt.edges.repository import Repository
    from kernel_opt.edges.settings_file import find_settings
    from kernel_opt.model.errors import UsageError
    from kernel_opt.round.comparison import Comparing, compare
    from kernel_opt.views.comparison import comparison_record, render_comparison
    from kernel_opt.views.terminal import look_at, write

    if args.pairs < 1:
        raise UsageError(f"--pairs {args.pairs} measures nothing", "take 1 or more")
    repository = Repository.find(args.repo.resolve())
    settings = find_settings(repository.root, args.config).settings
    settings = without_tracer(settings) if args.script_time else settings
    a, b = (find_side(repository, name, settings) for name in (args.a, args.b))
    progress = Progress(sys.stderr)
    environment = user_environment(settings.benchmark.pass_environment)
    try:
        with hear_ctrl_c(progress) as wishes, open_tools(repository, settings, environment, wishes) as tools:
            found = compare(Comparing(a=a, b=b, least_pairs=args.pairs, tell=progress.change), tools)
    finally:
        progress.clear()
    if args.json:
        import msgspec

        write([msgspec.json.encode(comparison_record(found)).decode()])
    else:
        write(render_comparison(found, look_at(sys.stdout)))
    return 0 if found.is_fine else NOT_FINE

"""`kernel-opt init`: look at a repository, run its benchmark once, and write its kernel-opt.toml."""

import argparse
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb
from kernel_opt.rules.card.gate import Thresholds

EXAMPLES = """examples:
  kernel-opt init                                          find the benchmark, run it, write kernel-opt.toml
  kernel-opt init --benchmark "python bench/pa.py --fast"  this is the benchmark
  kernel-opt init --platform host --print                  a kernel for the CPU; only show what would be written

The benchmark runs in a clean tree of HEAD, on an idle card, and twice at the most: under the tracer, and without it
when that left nothing. Nothing in your checkout changes but kernel-opt.toml.

exit codes: 0 written (or printed), 1 the benchmark did not run or no card was idle, 2 usage
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "init", "look at a repository and write its kernel-opt.toml", EXAMPLES)
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument("--benchmark", default="", metavar="COMMAND", help='the command, such as "python bench.py"')
    parser.add_argument("--metric", default="", metavar="COLUMN", help="the column of microseconds")
    parser.add_argument("--csv", default="", metavar="GLOB", help="the table, when the benchmark writes several")
    parser.add_argument(
        "--platform", default="", metavar="NAME", help="rocm, host or module:function (default: rocm where it is)"
    )
    parser.add_argument(
        "--platform-option", action="append", default=[], metavar="KEY=VALUE", help="handed to the platform"
    )
    parser.add_argument(
        "--timeout-s", type=float, default=3600.0, metavar="S", help="end the benchmark after so long (%(default)s)"
    )
    parser.add_argument(
        "--gap-s", type=float, default=Thresholds().gap_s, metavar="S", help="seconds between two looks at the cards"
    )
    parser.add_argument("--force", action="store_true", help="write over a kernel-opt.toml that is there")
    parser.add_argument("--print", action="store_true", help="print it instead of writing it")


def run(args: argparse.Namespace) -> int:
    """Look, run, write."""
    from kernel_opt.cli.init_bench import Wish
    from kernel_opt.cli.init_look import look_at
    from kernel_opt.cli.init_text import render, summarise
    from kernel_opt.cli.progress import Progress
    from kernel_opt.edges.files import atomic_write
    from kernel_opt.edges.repository import Repository
    from kernel_opt.edges.settings_file import OWN_NAME
    from kernel_opt.model.errors import UsageError

    repository = Repository.find(args.repo.resolve())
    target = repository.root / OWN_NAME
    if target.exists() and not args.force and not args.print:
        raise UsageError(f"{target} exists already", "look at it, or write over it with --force")
    wish = Wish(
        benchmark=args.benchmark,
        metric=args.metric,
        csv=args.csv,
        platform=args.platform,
        options=_read_options(args.platform_option),
        timeout_s=args.timeout_s,
        gap_s=max(0.0, args.gap_s),
    )
    findings = look_at(repository, wish, Progress(sys.stderr))
    text = render(findings)
    if args.print:
        sys.stdout.write(text)
        return 0
    atomic_write(target, text.encode())
    for line in summarise(findings):
        print(line)
    print(f"written: {target}")
    print("read it, then `kernel-opt doctor` and `kernel-opt start --tag T`")
    return 0


def _read_options(words: list[str]) -> dict[str, str]:
    from kernel_opt.model.errors import UsageError

    pairs = [word.partition("=") for word in words]
    wrong = next((key for key, equals, _ in pairs if not (key and equals)), None)
    if wrong is not None:
        raise UsageError(f"--platform-option {wrong!r} has no value", "write it as KEY=VALUE")
    return {key: value for key, _, value in pairs}

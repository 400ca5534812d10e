"""``kernel-opt trace``: run a command under the tracer, or read what a tracer left, and say where the time goes."""

import argparse
import sys
from pathlib import Path
from typing import Any

_EXAMPLES = """examples:
  kernel-opt trace -- python tests/kernels/test_pa.py        trace a command on an idle card
  kernel-opt trace --deep -- python tests/kernels/test_pa.py   and look for the hot lines
  kernel-opt trace --dir rocprof-out                         read what rocprofv3 left
  kernel-opt trace --dir new --against old                   what changed
  kernel-opt trace --dir rocprof-out --json | jq '.kernels[0]'
"""


def add_parser(subparsers: Any) -> None:
    """Register the verb."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "trace",
        help="show the hottest kernels of a command or of an existing trace, and what holds them up",
        description="Show the hottest kernels of a command or of an existing trace, and what holds them up.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="read this folder (or file) instead of running a command"
    )
    parser.add_argument("--against", type=Path, metavar="DIR", help="say what changed against the trace in this folder")
    parser.add_argument(
        "--kernel",
        action="append",
        default=[],
        metavar="NAME",
        help="the target: a name or a regular expression (default: the kernels of the files being tuned)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--platform", choices=("rocm", "host"), default="rocm", help="whose tracer (default: rocm)")
    parser.add_argument("--deep", action="store_true", help="look for the hot lines too; slower")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the tracer's files in this new folder")
    parser.add_argument("--any-gpu", action="store_true", help="do not look for an idle card first: this one is yours")
    parser.add_argument(
        "--timeout-s", type=float, default=1800.0, metavar="S", help="end it after so long (%(default)s)"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --, what to run")


def run(args: argparse.Namespace) -> int:
    """Trace or read, then print the report."""
    from kernel_opt.cli.trace_text import to_json, to_text
    from kernel_opt.model.errors import UsageError
    from kernel_opt.rules.trace.changes import compare_traces

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if bool(command) == (args.dir is not None):
        raise UsageError("trace needs a command after -- or a folder with --dir, one of the two")
    trace = _read(args.dir, args.kernel) if args.dir else _trace(args, command)
    changes = compare_traces(_read(args.against, args.kernel), trace) if args.against else None
    sys.stdout.write(to_json(trace, changes) if args.json else to_text(trace, changes))
    return 0


def _trace(args: argparse.Namespace, command: list[str]) -> Any:
    from kernel_opt.cli.trace_run import open_folder, run_traced

    with open_folder(args.out) as folder:
        note = run_traced(
            command,
            folder,
            platform=args.platform,
            is_deep=args.deep,
            is_gated=not args.any_gpu,
            kernels=args.kernel,
            timeout_s=args.timeout_s,
        )
        return _read(folder, args.kernel, note)


def _read(folder: Path, named: list[str], note: str = "") -> Any:
    from msgspec import structs

    from kernel_opt.cli.trace_target import choose_targets
    from kernel_opt.edges.tracers.read import read_trace
    from kernel_opt.rules.trace.summary import summarise_kernels, summarise_trace

    recording = read_trace(folder)
    targets, doubt = choose_targets(summarise_kernels(recording.launches), named, Path.cwd())
    trace = summarise_trace(recording, targets)
    return structs.replace(trace, notes=tuple(filter(None, (*trace.notes, doubt, note))))

"""`kernel-opt stop`: end a run in order."""

import argparse

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt stop                after the current step, with a Stop Summary in performance.md
  kernel-opt stop --now          end what runs at once, then the same
  kernel-opt stop --no-wait      ask, and do not wait for the end

exit codes: 0 it has stopped (or was asked to, with --no-wait), 1 its daemon is not alive or did not stop in time
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "stop", "end a run after its current step, or now", EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--now", action="store_true", help="end what runs at once")
    parser.add_argument("--no-wait", action="store_true", help="ask only")
    parser.add_argument("--timeout", type=float, default=7200.0, metavar="S", help="seconds to wait for the end (7200)")


def run(args: argparse.Namespace) -> int:
    """Ask the daemon to stop, and wait for it."""
    from kernel_opt.cli.runs import find_run
    from kernel_opt.daemon.asking import STOP, STOP_NOW, ask, wait_for_end

    place = find_run(args.tag, args.repo)
    ask(place, STOP_NOW if args.now else STOP)
    if args.no_wait:
        print(f"run {place.tag} was asked to stop")
        return 0
    return wait_for_end(place, args.timeout)

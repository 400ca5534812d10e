"""`kernel-opt clean`: remove what a finished run left: worktree, branch, hidden refs and state."""

import argparse
import sys

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """examples:
  kernel-opt clean --tag apr16-pa-ps          say what would go, and ask
  kernel-opt clean --tag apr16-pa-ps --yes    remove it without asking

The run's gains are commits on its branch: merge or push them first if you want to keep them. Nothing else in the
repository is touched. Doing it twice is fine.

exit codes: 0 nothing of the run is left, 1 you said no or something could not be removed, 2 usage,
            75 the run has a live daemon
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "clean", "remove a finished run", EXAMPLES)
    parser.add_argument("--tag", required=True, metavar="T", help="which run")
    parser.add_argument("--repo", metavar="DIR", help="the run's repository (default: the one you stand in)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Say what goes, ask, remove."""
    from kernel_opt.cli.clean_run import find_remains
    from kernel_opt.model.errors import UsageError

    remains = find_remains(args.tag, args.repo)
    if remains.is_nothing:
        print(f"nothing is left of run {args.tag}")
        return 0
    with remains.held():
        for line in remains.tell():
            print(line)
        if not args.yes:
            if not sys.stdin.isatty():
                raise UsageError("clean asks before it removes, and nobody is there to answer", "say --yes")
            if input("remove all of this? [y/N] ").strip().lower() not in {"y", "yes"}:
                print("nothing was removed")
                return 1
        remains.remove()
    print(f"run {args.tag} is removed")
    return 0

"""`kernel-opt start`: set up a run and start its daemon, or go on with a stopped one."""

import argparse
from contextlib import suppress
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """examples:
  kernel-opt start --tag apr16-pa-ps                     begin, with kernel-opt.toml or the preset that fits
  kernel-opt start --tag t2 --max-rounds 20              end by itself after 20 rounds
  kernel-opt start --tag t4 --lanes auto                 as many rounds at once as there are cards
  kernel-opt start --tag t3 --agent "./propose.py -v"    a program of your own proposes
  kernel-opt start --tag apr16-pa-ps --resume            go on with a stopped or crashed run

exit codes: 0 the run stands (with --foreground: it ended in order), 1 it could not begin, 2 usage,
            75 the tag has a live daemon
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "start", "set up a run and start its daemon, or resume one", EXAMPLES)
    parser.add_argument(
        "--tag", required=True, metavar="T", help="name of the run: branch kernel-opt/T, worktree ../kernel-opt-T"
    )
    parser.add_argument(
        "--repo", type=Path, default=Path(), metavar="DIR", help="the kernel repository (default: here)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: kernel-opt.toml, else a shipped preset)"
    )
    parser.add_argument("--agent", default="", metavar="NAME", help="proposer, or the command line of one")
    parser.add_argument("--max-rounds", type=_count, default=0, metavar="N", help="end after N rounds")
    parser.add_argument("--max-hours", type=_hours, default=0.0, metavar="H", help="end after H hours")
    parser.add_argument("--lanes", type=_lanes, metavar="N", help="measure N rounds at once, each on a card; or auto")
    parser.add_argument("--foreground", action="store_true", help="stay attached and show the log")
    parser.add_argument("--resume", action="store_true", help="go on with a run that stopped or crashed")
    parser.add_argument(
        "--unless-stopped", action="store_true", help="with --resume: leave a run alone that ended by itself"
    )
    parser.add_argument(
        "--require-sandbox",
        choices=("S1", "S2", "S3"),
        default="",
        help="refuse where children cannot be held this firmly; `kernel-opt doctor` shows the level",
    )
    parser.add_argument(
        "--force-network-fs", action="store_true", help="allow the state directory on a network file system"
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _lanes(text: str) -> str:
    return text if text == "auto" else str(_count(text))


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError("a positive number of hours")
    return number


def run(args: argparse.Namespace) -> int:
    """Begin the run and tell how to follow it."""
    from kernel_opt.daemon.asking import is_stopped
    from kernel_opt.daemon.begin import Wish, prepare
    from kernel_opt.daemon.begin_process import spawn, stay, undo
    from kernel_opt.daemon.set_up import fill_up_copy
    from kernel_opt.model.errors import KernelOptError, RunTakenError

    wish = Wish(
        tag=args.tag,
        repo=args.repo.resolve(),
        config=args.config,
        agent=args.agent,
        max_rounds=args.max_rounds,
        max_hours=args.max_hours,
        resume=args.resume,
        unless_stopped=args.unless_stopped,
        force_network_fs=args.force_network_fs,
        require_sandbox=args.require_sandbox,
        lanes=args.lanes or "",
    )
    place, notes = prepare(wish)
    if args.unless_stopped and is_stopped(place):
        with suppress(RunTakenError):  # its daemon is just ending
            fill_up_copy(place)
        print(f"run {place.tag} has ended by itself; it is left alone")
        return 0
    for note in notes:
        print(note)
    if args.foreground:
        return stay(place)
    try:
        pid = spawn(place)
    except KernelOptError:
        if not args.resume:
            undo(place)
        raise
    print(f"run {place.tag} stands: daemon {pid}, worktree {place.worktree}")
    print(f"follow it with `kernel-opt status --tag {place.tag}` or `kernel-opt logs -f --tag {place.tag}`")
    return 0

"""`kernel-opt service`: a systemd user unit that goes on with a run after a crash, a logout or a reboot."""

import argparse

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb

EXAMPLES = """examples:
  kernel-opt service --tag apr16-pa-ps                print the unit
  kernel-opt service --tag apr16-pa-ps --install      write it below ~/.config/systemd/user and enable it

The unit goes on with the run where it stands; a run that has ended by itself or by `kernel-opt stop` is left alone.
It changes nothing about a daemon that is alive. End the run with `kernel-opt stop`: systemctl stop only interrupts it.

exit codes: 0 printed or installed, 1 it could not be installed, 2 usage
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "service", "a systemd user unit for restart at boot", EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--install", action="store_true", help="write and enable it")


def run(args: argparse.Namespace) -> int:
    """Print the unit, or put it in its place."""
    from pathlib import Path

    from kernel_opt.cli.runs import find_run
    from kernel_opt.cli.service_unit import find_program, install, is_lingering, render_unit, unit_name
    from kernel_opt.daemon.plan import read_plan

    place = find_run(args.tag, args.repo)
    plan = read_plan(Path(place.directory))
    text = render_unit(place, find_program(), plan.environment.get("PATH", ""))
    if not args.install:
        print(text, end="")
        return 0
    path, problem = install(unit_name(place), text)
    print(f"written: {path}")
    if problem:
        print(f"not enabled: {problem}")
        print(f"enable it with `systemctl --user daemon-reload && systemctl --user enable {path.name}`")
        return 1
    print(f"enabled; it takes over at the next boot, or now with `systemctl --user start {path.name}`")
    if not is_lingering():
        print("so that it runs without you being logged in: `loginctl enable-linger`")
    return 0

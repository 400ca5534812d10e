"""`kernel-opt doctor`: every precondition of a run, and what to do about each that is not met."""

import argparse
import json
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """examples:
  kernel-opt doctor                     look at this machine and the repository you stand in
  kernel-opt doctor --repo ../FlyDSL    at another one
  kernel-opt doctor --executor slurm    at the cluster too; sends one tiny job
  kernel-opt doctor --json | jq '.checks[] | select(.level != "ok")'

--json prints {"schema": 1, "fails": N, "warns": N, "checks": [{"name", "level", "told", "mend"}, ...]}; level is ok,
warn or fail. No check takes a card, but for the tiny job of a cluster; none may take longer than half a minute.

exit codes: 0 nothing fails, 1 something does
"""
SCHEMA = 1
_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "doctor", "every precondition, with what to do", EXAMPLES)
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: as `kernel-opt start` finds them)"
    )
    parser.add_argument("--executor", choices=("local", "slurm"), help="who carries sessions out (default: settings)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Check everything, show it, and fail when anything does."""
    from kernel_opt.cli.doctor_checks import Patient, examine
    from kernel_opt.cli.progress import Progress

    progress = Progress(sys.stderr)
    progress.begin("looking")
    checks = examine(Patient(args.repo.resolve(), args.config, args.executor), progress.tick)
    progress.end()
    counts = {level: sum(check.level == level for check in checks) for level in _MARKS}
    if args.json:
        told = [{"name": one.name, "level": one.level.value, "told": one.told, "mend": one.mend} for one in checks]
        document = {"schema": SCHEMA, "fails": counts["fail"], "warns": counts["warn"], "checks": told}
        print(json.dumps(document, indent=1))
        return 1 if counts["fail"] else 0
    for check in checks:
        print(f"{_MARKS[check.level]}  {check.name}: {check.told}")
        if check.mend:
            print(f"      -> {check.mend}")
    print(f"{counts['fail']} of {len(checks)} checks fail, {counts['warn']} warn")
    return 1 if counts["fail"] else 0

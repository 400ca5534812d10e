"""The long form of the crash suite: ``python -m tests.crash.long [--kills N] [--lanes N] [--strace] [--only K1]``.

Prints one line per suite, and says by its exit code whether every run ended right. With a mutant it is meant to fail.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.crash import suites
from tests.crash.lives import quiet
from tests.crash.mutants import MUTANTS
from tests.crash.suites import Bench, Count

SUITES: dict[str, tuple[Callable[[Bench, int], Count], float]] = {
    "K4": (suites.each_failpoint, 1.0),
    "K4rest": (suites.at_rest, 0.05),
    "K1": (suites.each_call, 1.0),
    "K2": (suites.twice, 0.5),
    "K3": (suites.any_child, 0.5),
    "K5": (suites.power_cut, 1.0),
    "K6": (suites.failing, 0.5),
    "K7": (suites.reboot, 0.05),
    "K10": (suites.moved_branch, 0.05),
    "K11": (suites.long_soak, 20.0),
}
"""With the share of ``--kills`` that each gets; for K5 and K11 these are fake rounds."""
WITH_STRACE = ("K1", "K2", "K5", "K6")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="points per suite, more or less (100)")
    parser.add_argument("--strace", action="store_true", help="also the suites that need strace")
    parser.add_argument("--only", default="", help="suites with commas")
    parser.add_argument("--mutant", default="none", choices=sorted(MUTANTS))
    parser.add_argument("--lanes", type=int, default=1, help="rounds at once, for all suites but K5 and K11 (1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", help="where to work (default: memory where there is one, a kill is no power cut)")
    args = parser.parse_args()
    quiet()
    if args.strace and shutil.which("strace") is None:
        print("strace is not on PATH", file=sys.stderr)
        return 2
    wanted = args.only.split(",") if args.only else [name for name in SUITES if args.strace or name not in WITH_STRACE]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    base = Path(tempfile.mkdtemp(dir=args.dir or memory, prefix="crash-"))
    is_right = True
    for name in wanted:
        suite, share = SUITES[name]
        began = time.monotonic()
        bench = Bench(base, random.Random(f"{args.seed} {name}"), args.mutant, args.lanes)
        count = suite(bench, max(1, round(args.kills * share)))
        is_right = is_right and count.right == count.runs
        print(f"{count.tell()} ({time.monotonic() - began:.0f} s)", *count.wrong, sep="\n", flush=True)
    if is_right:
        shutil.rmtree(base)
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main())

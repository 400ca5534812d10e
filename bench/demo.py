"""What the embedded target gives: speed-up per class, and core-seconds spent per decision; a whole demo run.

Run as ``python -m bench.demo [--minutes 3]``; exit code 1 when it ends below ten times the textbook kernel.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.facts import Entry, HeadlineJudged, Judged
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve

WANTED = 10.0


def main() -> int:
    """Run the demo in a scratch directory and tell what its journal says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-demo-") as scratch:
        environ = {**os.environ, "KERNEL_OPT_STATE": f"{scratch}/state"}
        argv = [sys.executable, "-m", "kernel_opt.cli.main", "demo", "--plain", "--into", f"{scratch}/demo"]
        subprocess.run([*argv, "--minutes", str(args.minutes)], env=environ, stdout=subprocess.DEVNULL, check=False)
        (journal,) = Path(scratch, "state").glob("*/demo")
        return tell(list(entries(read_records(journal))))


def tell(past: list[Entry]) -> int:
    """Print the figures of one run."""
    state = RunState()
    for entry in past:
        state = evolve(state, entry)
    decisions = sum(isinstance(entry.fact, Judged) for entry in past)
    headline = next((entry.fact.verdict for entry in reversed(past) if isinstance(entry.fact, HeadlineJudged)), None)
    if headline is None or headline.overall_ratio is None:
        print("the run ended before baseline and best were measured afresh")
        return 1
    for one in headline.classes:
        print(f"{one.key:45} {'unknown' if one.ratio is None else f'{1 / one.ratio:.1f} x'}")
    overall = 1 / headline.overall_ratio
    endings = ", ".join(f"{count} {ending}" for ending, count in state.tally.endings)
    print(f"{'all classes, measured afresh':45} {overall:.1f} x; wanted {WANTED:g} x")
    print(f"{state.tally.gpu_s / max(1, decisions):.0f} core-seconds per decision, {decisions} decisions; {endings}")
    return int(overall < WANTED)


if __name__ == "__main__":
    sys.exit(main())

"""What `kernel-opt status` takes in a shell, of short and long runs: it must not grow with the rounds.

Run as ``python -m bench.status``; says by its exit code whether the bar is held.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from kernel_opt.edges.places import place_run, write_about
from kernel_opt.journal.codec import to_record
from kernel_opt.journal.database import INSERT, PUT_SUMMARY, connect, row_of
from kernel_opt.journal.store import Store
from kernel_opt.views.snapshot import snapshot
from tests.views import canned

BAR_MS = 200.0
SIZES = (50, 500, 5000)
TRIES = 15
WARM_UPS = 2


def write_run(run: canned.Canned) -> None:
    """Leave a run on the disk as its daemon would have, in one transaction: the daemon takes 4 ms for each fact."""
    place = place_run(run.state.repository, run.state.tag, run.state.worktree)
    Store.create(Path(place.directory)).close()
    records = [to_record(entry) for entry in run.entries]
    db = connect(Path(place.directory))
    db.execute("BEGIN IMMEDIATE")
    for seq, record in enumerate(records, start=1):
        db.execute(INSERT, (seq, *row_of(record)[1:]))
    db.execute(PUT_SUMMARY, (len(records), snapshot(run.state, run.settings)))
    db.execute("COMMIT")
    db.close()
    write_about(place)


def call_ms(words: list[str], environ: dict[str, str]) -> float:
    """Return the milliseconds that one command took."""
    began = time.perf_counter()
    subprocess.run(words, check=False, env=environ, cwd="/", capture_output=True)
    return (time.perf_counter() - began) * 1000


def measure(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Return the median milliseconds of a command and of `python -c pass`, taken in turns."""
    bare = [sys.executable, "-c", "pass"]
    times = [(call_ms(command, environ), call_ms(bare, environ)) for _ in range(TRIES + WARM_UPS)][WARM_UPS:]
    return median(ours for ours, _ in times), median(theirs for _, theirs in times)


def main() -> int:
    """Print the figures with their bar."""
    program = str(Path(sys.executable).with_name("kernel-opt"))
    is_held = True
    for rounds in SIZES:
        with tempfile.TemporaryDirectory() as root:
            os.environ["KERNEL_OPT_STATE"] = root
            environ = {**os.environ, "LANG": "C.UTF-8"}
            write_run(canned.long(rounds))
            look = partial(measure, environ=environ)
            (screen_ms, bare_ms), (json_ms, _) = look([program, "status"]), look([program, "status", "--json"])
            shown = subprocess.run([program, "status", "--json"], env=environ, capture_output=True, check=False)
            if json.loads(shown.stdout)["runs"][0]["round"] != rounds:
                raise SystemExit("status does not show the run that was written")
        is_ok = max(screen_ms, json_ms) <= BAR_MS
        is_held = is_held and is_ok
        words = f"status of {rounds} rounds: {screen_ms:.0f} ms, --json {json_ms:.0f} ms"
        print(f"{'ok  ' if is_ok else 'OVER'} {words}; bar {BAR_MS:g} ms (bare python {bare_ms:.0f})", flush=True)
    return int(not is_held)


if __name__ == "__main__":
    sys.exit(main())

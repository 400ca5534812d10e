"""What the daemon costs: a status call, its own time per round, its memory and wake-ups at the gate. Ratios in one run.

Run as ``python -m bench.daemon``; says by its exit code whether every bar is held.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.replay import write_journal
from bench.waiting import QUIET_S, measure_waiting
from kernel_opt.journal.store import Store
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Entry
from tests.e2e.toy import Toy, kernel, make_toy, writes

STATUS_ROUNDS_FACTS = 10_000  # ten facts a round: a thousand rounds
STATUS_BAR_MS, STATUS_BAR_RATIO = 150.0, 4.0
ROUND_BAR_MS = 250.0
RSS_BAR_MIB = 60.0
REFUSAL_BAR_MS = 1000.0
COUNTED = "git, checks, gate, sessions, judging, facts; not what agent and benchmark themselves take"
ROUNDS = 6
TRIES = 15


def time_ms(act: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def measure_status(base: Path) -> tuple[float, float]:
    """Return the median milliseconds of `kernel-opt status` of a long run, and of `python -c pass`, taken in turns."""
    toy = make_toy(base / "status", {})
    toy.folder.mkdir(parents=True)
    write_journal(toy.folder, STATUS_ROUNDS_FACTS)
    about = {"tag": toy.place.tag, "repository": str(toy.repository), "worktree": str(toy.worktree)}
    (toy.folder / "run.json").write_text(json.dumps(about))
    _write_summary(toy)

    def call(words: list[str]) -> float:
        act = partial(subprocess.run, words, check=False, env=toy.environ, cwd=toy.repository, capture_output=True)
        return time_ms(act)

    bare = [sys.executable, "-c", "pass"]
    status = [str(Path(sys.executable).with_name("kernel-opt")), "status"]
    times = [(call(status), call(bare)) for _ in range(TRIES)]
    return median(status for status, _ in times), median(passed for _, passed in times)


def _write_summary(toy: Toy) -> None:
    """Put the status snapshot beside the facts, as the daemon does with each of them."""
    from kernel_opt.edges.settings_file import read_settings
    from kernel_opt.journal.book import Record
    from kernel_opt.views.snapshot import snapshot

    store = Store.open(toy.folder)
    last = Record(0, 0, "Paused", time.time(), "boot", 1.0, b'{"type":"Paused"}')
    store.append(last, snapshot(toy.state(), read_settings(toy.config)))
    store.close()


def measure_rounds(base: Path) -> tuple[float, float]:
    """Return milliseconds per round: all but agent and benchmark from start to end; and the daemon's own CPU time."""
    book = {
        f"{number}:propose": writes(kernel(100 + number, 200 + number), sentence=f"idea {number}")
        for number in range(1, ROUNDS + 1)
    }
    toy = make_toy(base / "rounds", book)
    toy.start()
    cpu_s = _watch_cpu(toy.pid())
    past = toy.entries()
    whole_s = sum(entry.at_s - before.at_s for before, entry in pairwise(past) if _is_of_round(entry))
    agent_s = sum(fact.usage.wall_s for fact in toy.facts(r.Proposed, r.Edited, r.GaveNothing))
    answers = [json.loads(path.read_text()) for path in toy.folder.glob("rounds/*[1-9]/*/session/answers/*.json")]
    benchmark_s = sum(answer.get("wall_s") or 0.0 for answer in answers)
    return (whole_s - agent_s - benchmark_s) / ROUNDS * 1000, cpu_s / ROUNDS * 1000


def _watch_cpu(pid: int | None) -> float:
    """Return the seconds of CPU that a process itself has used from now to its end."""
    seen: list[int] = []
    with contextlib.suppress(OSError):
        while True:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if fields[0] == "Z":
                break
            seen.append(int(fields[11]) + int(fields[12]))
            time.sleep(0.02)
    return (seen[-1] - seen[0]) / os.sysconf("SC_CLK_TCK")


def _is_of_round(entry: Entry) -> bool:
    return entry.round > 0 and not isinstance(entry.fact, f.Waited | f.StopPlanned | f.Stopped | r.Sealed)


def main() -> int:
    """Print the figures with their bars."""
    held: list[bool] = []

    def tell(text: str, *, is_held: bool) -> None:
        held.append(is_held)
        print(f"{'ok  ' if is_held else 'OVER'} {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        status_ms, bare_ms = measure_status(base)
        ratio = status_ms / bare_ms
        words = f"status of a run of 1000 rounds: {status_ms:.0f} ms, {ratio:.1f} x `python -c pass` ({bare_ms:.0f} ms)"
        is_held = ratio <= STATUS_BAR_RATIO and status_ms <= STATUS_BAR_MS
        tell(f"{words}; bars {STATUS_BAR_MS:g} ms, {STATUS_BAR_RATIO:g} x", is_held=is_held)
        own_ms, cpu_ms = measure_rounds(base)
        words = f"a round's own time: {own_ms:.0f} ms, of that {cpu_ms:.0f} ms CPU of the daemon itself"
        tell(f"{words}; bar {ROUND_BAR_MS:g} ms ({COUNTED})", is_held=own_ms <= ROUND_BAR_MS)
        seen = measure_waiting(base)
        is_held = seen.rss_mib <= RSS_BAR_MIB
        tell(f"waiting at the gate: {seen.rss_mib:.0f} MiB; bar {RSS_BAR_MIB:g} MiB", is_held=is_held)
        words = f"woken {seen.woken} times in {QUIET_S:g} s, pandas {'' if seen.has_pandas else 'not '}loaded"
        tell(f"waiting at the gate: {words}", is_held=not seen.woken and not seen.has_pandas)
        words = f"a second start of the same tag is refused in {seen.refusal_ms:.0f} ms"
        tell(f"{words}; bar {REFUSAL_BAR_MS:g} ms", is_held=seen.refusal_ms <= REFUSAL_BAR_MS)
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())

"""A daemon that waits at the gate: its memory, its wake-ups, and how soon a second start is refused meanwhile."""

import time
from pathlib import Path
from typing import NamedTuple

from kernel_opt.model.facts import NoIdleGpu
from tests.e2e.toy import TAG, Page, Toy, make_toy

QUIET_S = 5.0
"""Watched at the gate; the bar is no wake-up at all."""


class Waiting(NamedTuple):
    """What was seen of it."""

    rss_mib: float
    woken: int
    """Times in those seconds."""
    has_pandas: bool
    refusal_ms: float


def measure_waiting(base: Path) -> Waiting:
    """Have a daemon wait for a card that is never idle, and look at it from outside."""
    toy = make_toy(base / "waiting", {"1:propose": Page()})
    toy.config.write_text(toy.config.read_text().replace("interval_s = 0.05", "interval_s = 600.0"))
    toy.cards.write_text('[{"use_pct": 90.0}]')
    toy.start()
    toy.wait_fact(NoIdleGpu)
    pid = toy.pid()
    time.sleep(1.0)  # until it sleeps
    before = _switches(pid)
    time.sleep(QUIET_S)
    woken = _switches(pid) - before
    status = Path(f"/proc/{pid}/status").read_text()
    rss_mib = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    has_pandas = "pandas" in Path(f"/proc/{pid}/maps").read_text()
    refusal_ms = _time_refusal(toy)
    toy.cli("stop")
    return Waiting(rss_mib, woken, has_pandas, refusal_ms)


def _time_refusal(toy: Toy) -> float:
    """Start a second daemon with the same tag and see it refused."""
    began = time.perf_counter()
    ended = toy.cli("start", "--tag", TAG, "--config", str(toy.config))
    spent_ms = (time.perf_counter() - began) * 1000
    if ended.returncode != 75:
        raise RuntimeError(f"a second start ended with {ended.returncode}: {ended.stderr}")
    return spent_ms


def _switches(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)

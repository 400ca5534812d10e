"""What a session costs beside its runs, here and as a job of Slurm: ``python -m bench.cluster [--nodes N]``.

The Slurm is a real one of this host, started for this and stopped again; without its programs that part is left out,
and says so. ``--nodes 1000`` is a rehearsal with that many real slurmd of eight cards each, and nothing else.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from kernel_opt.edges.executors.executor import Executor
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.executors.slurm_queue import read_jobs
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.model.executor_settings import SlurmSettings
from kernel_opt.rules.card.gate import Thresholds
from tests.executors.slurm_site import Site, find_missing
from tests.worker.conftest import Host

SESSIONS = 12
RUNS = 4
LOCAL_BAR_S = 0.5
"""A session here, without its runs' own time: less than a hundredth of the shortest measurement on a real card."""
SLURM_BAR_S = 10.0
"""A session as a job, with the scheduler's ticks of seconds: less than a tenth of a measurement of minutes."""
MANY_JOBS = 100_000
READ_BAR_S = 2.0
"""Reading what the scheduler says of all jobs of a large site: no more than the time between two questions."""
QUEUE = "{0}|RUNNING|node{0}|None|ko-night-0007-measure-1-{0:08x}\n"


class Cost(NamedTuple):
    """Seconds of one session."""

    open_s: float
    run_s: float
    """One run that does nothing."""
    end_s: float

    @property
    def total_s(self) -> float:
        """Without runs."""
        return self.open_s + self.end_s


def measure_session(host: Host, executor: Executor, name: str) -> Cost:
    """Hold one session of runs that do nothing."""
    began = time.perf_counter()
    request = host.make_request(id=name, gate=Thresholds(looks=2, gap_s=0.0))
    session = open_session(executor, host.root / "sessions" / name, request)
    if not isinstance(session, Session):
        raise SystemExit(f"no session: {session}")
    opened = time.perf_counter()
    for number in range(1, RUNS + 1):
        session.run(host.make_order(number, "true", collect=()))
    ran = time.perf_counter()
    session.end()
    return Cost(opened - began, (ran - opened) / RUNS, time.perf_counter() - ran)


def tell(name: str, costs: list[Cost]) -> float:
    """Print medians, and return that of a session without its runs."""
    median = Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))
    total_s = statistics.median(cost.total_s for cost in costs)
    worst_s = max(cost.total_s for cost in costs)
    print(
        f"{name}: {total_s * 1000:.0f} ms a session (open {median.open_s * 1000:.0f}, end {median.end_s * 1000:.0f}; "
        f"worst {worst_s * 1000:.0f}), {median.run_s * 1000:.0f} ms a run; {len(costs)} sessions"
    )
    return total_s


def make_host(root: Path, cards: int) -> Host:
    """A host of cards that are always idle."""
    os.environ["KERNEL_OPT_LEASE_DIR"] = str(root / "leases")
    host = Host(root)
    host.set_cards(*({} for _ in range(cards)))
    host.hold_owner_lock()
    return host


def measure_local(root: Path) -> float:
    """Sessions one after the other on this host; the first one starts the worker."""
    host, executor = make_host(root, 1), LocalExecutor()
    first = measure_session(host, executor, "first")
    print(f"local, the first: {first.total_s * 1000:.0f} ms (it starts the worker)")
    costs = [measure_session(host, executor, f"s{number}") for number in range(SESSIONS)]
    executor.close()
    return tell("local", costs)


def measure_slurm(root: Path, site: Site) -> float:
    """Sessions as jobs, one after the other, then as many at once as there are cards."""
    os.environ["SLURM_CONF"] = str(site.root / "slurm.conf")
    host = make_host(root, site.cards)
    executor = SlurmExecutor(SlurmSettings(shared_dir=str(root), cpus=1, minutes=10), root / "shared")
    total_s = tell("slurm", [measure_session(host, executor, f"s{number}") for number in range(SESSIONS)])
    cards = site.nodes * site.cards
    began = time.perf_counter()
    with ThreadPoolExecutor(cards) as threads:
        costs = list(threads.map(lambda lane: measure_session(host, executor, f"lane{lane}"), range(cards)))
    tell(f"slurm, {cards} at once in {time.perf_counter() - began:.1f} s", costs)
    executor.close()
    return total_s


def measure_reading() -> float:
    """Read a queue as long as that of the largest sites."""
    text = "".join(map(QUEUE.format, range(MANY_JOBS)))
    began = time.perf_counter()
    jobs = read_jobs(text)
    took_s = time.perf_counter() - began
    print(f"reading squeue's {len(jobs)} lines: {took_s * 1000:.0f} ms")
    return took_s


def rehearse(nodes: int) -> bool:
    """Start that many real nodes, and hold sessions on a hundred of their cards at once."""
    with tempfile.TemporaryDirectory(prefix="kernel-opt-cluster-") as name:
        root = Path(name)
        (root / "slurm").mkdir()
        site = Site(root / "slurm", nodes=nodes, cards=2, slurmd_timeout_s=300, start_limit_s=900.0)
        began = time.perf_counter()
        try:
            site.start()
            print(f"{nodes} nodes stand after {time.perf_counter() - began:.0f} s", flush=True)
            os.environ["SLURM_CONF"] = str(site.root / "slurm.conf")
            host = make_host(root, site.cards)
            executor = SlurmExecutor(SlurmSettings(shared_dir=str(root), cpus=1, queued=32), root / "shared")
            print(f"capacity: {executor.capacity()}")
            began = time.perf_counter()
            with ThreadPoolExecutor(16) as threads:
                costs = list(threads.map(lambda lane: measure_session(host, executor, f"s{lane}"), range(48)))
            tell(f"slurm of {nodes} nodes, 48 sessions by 16 lanes in {time.perf_counter() - began:.0f} s", costs)
            executor.close()
        finally:
            site.stop()
    return True


def main() -> int:
    """Measure everything there is; exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="bench.cluster")
    parser.add_argument("--nodes", type=int, default=0, help="only a rehearsal with that many nodes")
    parser.add_argument("--no-lanes", action="store_true", help="without the figures of lanes")
    args = parser.parse_args()
    missing = find_missing()
    if args.nodes:
        return 1 if missing or not rehearse(args.nodes) else 0
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kernel-opt-cluster-") as name:
        for folder in ("local", "jobs", "slurm"):
            (Path(name) / folder).mkdir()
        if measure_local(Path(name) / "local") > LOCAL_BAR_S:
            missed.append("a session on this host")
        if missing:
            print(f"slurm: left out: {missing}")
        else:
            site = Site(Path(name) / "slurm")
            try:
                site.start()
                if measure_slurm(Path(name) / "jobs", site) > SLURM_BAR_S:
                    missed.append("a session as a job")
            finally:
                site.stop()
    if measure_reading() > READ_BAR_S:
        missed.append("reading the queue")
    if not args.no_lanes and subprocess.run([sys.executable, "-m", "bench.lanes"], check=False).returncode != 0:
        missed.append("lanes")
    print(f"bars missed: {json.dumps(missed)}" if missed else "all bars held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""How long it takes to read a long journal back: prints seconds and facts per second; run as `python -m bench.replay`.

The facts are those of rounds that went every way, each as large as a real one: twelve configs, eight runs of the
benchmark per measurement, traces of ten kernels, logs of some kilobytes.
"""

import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.journal.book import MemoryBook, Record
from kernel_opt.journal.codec import entries
from kernel_opt.journal.database import INSERT, row_of
from kernel_opt.journal.store import Store, read_records
from kernel_opt.model import facts as f
from kernel_opt.model.facts import Fact
from kernel_opt.model.settings import Settings, StopSettings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Step
from kernel_opt.round.flow import Scribe, carry_on
from kernel_opt.rules.evolve import evolve
from tests import fakes

FACTS = 100_000
BAR_S = 2.0
TRIES = 3  # the best of them: what the others took longer, other processes took
ROWS, PAIRS = 12, 4
JUDGED = ("tie", "worse", "tie", "unclear", "better", "tie", "diverging", "worse", "better", "better", "tie")
BENCHED = ("good", "good", "good", "wrong", "good", "crash", "good", "trivial", "good", "good")


class LargeWorld(fakes.ScriptedPerformer):
    """Answers as a real world would: every fact at its real size."""

    def perform(self, step: Step, state: RunState) -> Fact:
        """See Performer."""
        fact = super().perform(step, state)
        match fact:
            case f.Benched():
                return replace(fact, run=fakes.bench_run(fact.run.commit, rows=ROWS))
            case f.BenchedWrong() | f.Broke():
                return replace(fact, log_tail="RuntimeError: something long\n" * 100)
            case f.Measured():
                timed = fakes.measurement(fact.measurement.best, fact.measurement.candidate, PAIRS, ROWS)
                return replace(fact, measurement=timed, trace=large_trace())
            case f.Traced():
                return replace(fact, trace=large_trace())
            case _:
                return fact


def large_trace() -> fakes.Trace:
    """A trace of ten kernels with thirty hotspots."""
    return replace(
        fakes.trace(fakes.kernel(), *(fakes.kernel(f"helper_{number}") for number in range(9))),
        hotspots=tuple(replace(fakes.trace().hotspots[0], id=f"h{number}") for number in range(30)),
    )


def limits() -> Settings:
    """A run that nothing ends but a person."""
    return fakes.settings(stop=StopSettings(regressions_in_a_row=0, fault_rounds=0, empty_rounds=0))


def write_journal(directory: Path, count: int) -> int:
    """Write a journal of that many facts, all in one transaction; return its bytes."""
    clock, book = fakes.FakeClock(), MemoryBook()
    world = LargeWorld(clock, Judge=cycle(JUDGED), Bench=chain(["good"], cycle(BENCHED)))
    world.most_steps = 2 * count
    scribe = Scribe(book, clock.stamp)
    scribe.write(fakes.run_started())

    def enough(_: RunState) -> Fact | None:
        return f.StopAsked(by="the bench") if len(world.asked) == count else None

    carry_on(scribe, world, limits(), enough)
    Store.create(directory).close()
    records = list(book.records())[:count]
    with sqlite3.connect(directory / "journal.db") as db:
        db.executemany(INSERT, map(row_of, records))
    db.close()
    return sum(len(record.body) for record in records)


def fold(records: Iterator[Record]) -> RunState:
    """Replay."""
    state = RunState()
    for entry in entries(records):
        state = evolve(state, entry)
    return state


def main() -> int:
    """Print the figures; say by the exit code whether the bar is held."""
    with tempfile.TemporaryDirectory() as folder:
        size = write_journal(Path(folder), FACTS)
        gc.collect()
        spent = []
        for _ in range(TRIES):
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            state = fold(read_records(Path(folder)))
            spent.append((time.perf_counter() - began_s, time.process_time() - began_cpu_s, state.round))
    spent_s, cpu_s, rounds = min(spent)
    print(f"{FACTS} facts of {rounds} rounds, {size / 1e6:.0f} MB")
    print(f"read and folded in {spent_s:.2f} s ({cpu_s:.2f} s of CPU)")
    print(f"{FACTS / spent_s:.0f} facts/s, best of {TRIES}; bar {BAR_S:g} s")
    return int(spent_s > BAR_S)


if __name__ == "__main__":
    sys.exit(main())

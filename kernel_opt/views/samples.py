"""Every timed run of a journal, one line per config: the raw material of all verdicts."""

from collections.abc import Iterable, Iterator, Sequence

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.facts import Benched, Entry, Measured
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck
from kernel_opt.model.measurement import Arm, TimedRun

COLUMNS = (
    "seq", "round", "at_s", "purpose", "best", "candidate", "run", "arm", "card", "config", "script_us", "gpu_us",
    "gpu_whole_us", "error", "clock_mhz", "clock_low_mhz", "clock_high_mhz", "throttled", "temperature_c",
    "power_cap_w", "disturbed", "redo_of", "checks_passed", "checks_failed", "checks_not_made",
)  # fmt: skip
BENCH = "bench"
"""Purpose of a run that was not timed next to another: the first look at a candidate, and the baseline's."""

Row = tuple[object, ...]


def list_samples(entries: Iterable[Entry]) -> Iterator[Row]:
    """Yield one row per config of every run, disturbed runs included; what is not known is None."""
    for entry in entries:
        match entry.fact:
            case Measured():
                yield from _measured(entry, entry.fact)
            case Benched():
                yield from _benched(entry, entry.fact.run, entry.fact.checks)
            case _:
                pass


def _measured(entry: Entry, fact: Measured) -> Iterator[Row]:
    found, checks = fact.measurement, _checks(fact.checks)
    head = (entry.seq, entry.round, entry.at_s, fact.purpose.value, found.best, found.candidate)
    for number, run in enumerate(found.runs):
        gpu = {row.config: row.us for row in run.gpu_us or ()}
        script = {row.config: row.us for row in run.script_us}
        # A disturbed run has no rows, and is told all the same.
        for config in script or {None: None}:
            us = (script.get(config), gpu.get(config)) if config is not None else (None, None)
            yield (*head, number, run.arm.value, run.card, config, *us, *_circumstances(run), *checks)


def _circumstances(run: TimedRun) -> Row:
    low, high = run.clock_range_mhz or (None, None)
    held = (run.clock_mhz, low, high, run.throttled, run.temperature_c, run.power_cap_w)
    return (run.gpu_whole_us, None, *held, run.disturbed, run.redo_of)


def _benched(entry: Entry, run: BenchRun, found: Sequence[IntegrityCheck]) -> Iterator[Row]:
    head = (entry.seq, entry.round, entry.at_s, BENCH, None, run.commit, 0, Arm.CANDIDATE.value, run.card)
    unknown = (None,) * (COLUMNS.index("checks_passed") - COLUMNS.index("clock_mhz"))
    for row in run.rows:
        yield (*head, row.key, row.us, None, None, row.error, *unknown, *_checks(found))


def _checks(found: Sequence[IntegrityCheck]) -> Row:
    """Name the checks by how they came out; None where the journal tells of none."""
    if not found:
        return (None, None, None)
    return tuple(
        "; ".join(check.name for check in found if check.outcome is outcome)
        for outcome in (CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED)
    )

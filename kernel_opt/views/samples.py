"""Every timed run of a journal, one line per config: the raw material of all verdicts."""

from collections.abc import Iterable, Iterator

from kernel_opt.model.facts import Entry, Measured

COLUMNS = (
    "seq", "round", "purpose", "best", "candidate", "run", "arm", "card", "config", "script_us", "gpu_us",
    "gpu_whole_us", "clock_mhz", "temperature_c", "power_cap_w", "disturbed", "redo_of",
)  # fmt: skip


def list_samples(entries: Iterable[Entry]) -> Iterator[tuple[object, ...]]:
    """Yield one row per config of every run, disturbed runs included; what is not known is None."""
    for entry in entries:
        fact = entry.fact
        if not isinstance(fact, Measured):
            continue
        for number, run in enumerate(fact.measurement.runs):
            gpu = {row.config: row.us for row in run.gpu_us or ()}
            script = {row.config: row.us for row in run.script_us}
            head = (entry.seq, entry.round, fact.purpose.value, fact.measurement.best, fact.measurement.candidate)
            tail = (run.gpu_whole_us, run.clock_mhz, run.temperature_c, run.power_cap_w, run.disturbed, run.redo_of)
            # A disturbed run has no rows, and is told all the same.
            for config in script or {None: None}:
                us = (script.get(config), gpu.get(config)) if config is not None else (None, None)
                yield (*head, number, run.arm.value, run.card, config, *us, *tail)

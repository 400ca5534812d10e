"""What the tracer left of one run: read, and the target's GPU time told per config where that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.sources import read_sources
from kernel_opt.edges.tracers.read import read_trace
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.measurement import RowTime
from kernel_opt.model.recording import Recording
from kernel_opt.model.state import RunState
from kernel_opt.model.trace import TargetKernel, Trace
from kernel_opt.round.session import Bench
from kernel_opt.round.tools import Tools
from kernel_opt.rules.card.card_check import check_card
from kernel_opt.rules.card.identity import Sameness
from kernel_opt.rules.trace.attribution import Attribution, CallCounts, attribute
from kernel_opt.rules.trace.call_counts import fit_counts
from kernel_opt.rules.trace.summary import summarise_kernels, summarise_trace
from kernel_opt.rules.trace.target import find_targets, follow_targets, words_of


@dataclass(frozen=True, slots=True)
class RunTrace:
    """The trace of one run."""

    recording: Recording
    trace: Trace
    attribution: Attribution
    stray: str = ""
    """Where the kernels ran instead of on the leased card; empty when they did not run elsewhere."""

    @property
    def gpu_us(self) -> tuple[RowTime, ...] | None:
        """GPU time per config, or None when the dispatches could not be told apart."""
        if not self.attribution.is_certain:
            return None
        return tuple(RowTime(config=row.config, us=row.us) for row in self.attribution.rows)

    def shows(self, rung: Rung) -> bool:
        """Say whether a look of this depth was worth it: hot lines or counters, not the kernels alone."""
        match rung:
            case Rung.THREAD:
                return bool(self.recording.sites)
            case Rung.COUNTERS:
                return bool(self.recording.counters)
            case _:
                return True


def read_run_trace(
    bench: Bench, tree: Path, rows: Sequence[ConfigRow], state: RunState, tools: Tools
) -> RunTrace | str:
    """Read the last run's trace; the reason in words when there is none to be had."""
    if tools.platform.tracer is None:
        return "this platform has no tracer"
    try:
        recording = read_trace(bench.run_folder())
    except KernelOptError as error:
        return str(error)
    if not recording.launches:
        return "; ".join(("the trace holds no kernel launches", *recording.notes))
    targets = find_run_targets(recording, tree, state, tools)
    trace = summarise_trace(recording, targets)
    counts = fit_counts(call_counts(tools), state.baseline_trace or trace, len(rows))
    attribution = attribute(
        recording,
        [target.name for target in targets],
        [row.key for row in rows],
        counts=counts,
        script_us={row.key: row.us for row in rows},
    )
    if attribution.reason and rows:
        trace = replace(trace, notes=(*trace.notes, f"GPU time by rows: {attribution.reason}"))
    if not tools.platform.tracer.names_card:
        return RunTrace(recording, trace, attribution)
    sameness, seen = check_card(bench.reading, recording)
    if sameness is Sameness.DIFFERENT:
        return RunTrace(recording, trace, attribution, stray=seen)
    notes = (*trace.notes, seen) if seen else trace.notes
    return RunTrace(recording, replace(trace, notes=notes), attribution)


def call_counts(tools: Tools) -> CallCounts | None:
    """Return how often the benchmark calls the kernel per row, if the settings tell."""
    benchmark = tools.settings.benchmark
    return CallCounts(warmup=benchmark.warmup_calls, timed=benchmark.timed_calls) if benchmark.timed_calls else None


def find_run_targets(recording: Recording, tree: Path, state: RunState, tools: Tools) -> tuple[TargetKernel, ...]:
    """Return the target kernels of this run: as at the baseline, renamed or split ones followed."""
    kernels = summarise_kernels(recording.launches)
    words = words_of(read_sources(tree, tools.settings.edit.allowed))
    before = state.baseline_trace
    if before is None or not before.targets:
        return find_targets(kernels, named=tools.settings.target_kernels, words=words)
    known = [kernel.name for kernel in before.kernels]
    return follow_targets(before.targets, kernels, known=known, words=words)

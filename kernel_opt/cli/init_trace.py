"""The kernels that a first, traced run shows, and how often each row calls the one under tuning."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.init_run import FirstRun
from kernel_opt.edges.sources import read_sources
from kernel_opt.edges.tracers.read import read_trace
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.recording import Recording
from kernel_opt.model.trace import KernelSummary, TargetKernel
from kernel_opt.rules.trace.attribution import CallCounts, attribute
from kernel_opt.rules.trace.summary import summarise_kernels
from kernel_opt.rules.trace.target import find_targets, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenKernels:
    """What the trace showed."""

    kernels: tuple[KernelSummary, ...] = ()
    targets: tuple[TargetKernel, ...] = ()
    counts: CallCounts | None = None
    """None: how often a row calls the target is not certain."""
    note: str = ""
    """Why nothing was seen."""


def look_at_trace(
    first: FirstRun, tree: Path, allowed: Sequence[str], rows: Sequence[ConfigRow], counts: Sequence[tuple[int, int]]
) -> SeenKernels:
    """Read the trace; the first of ``counts`` that it agrees with is believed."""
    if first.trace is None:
        return SeenKernels(note="the run was not traced")
    try:
        recording = read_trace(first.trace)
    except KernelOptError as error:
        return SeenKernels(note=str(error))
    kernels = summarise_kernels(recording.launches)
    targets = find_targets(kernels, words=words_of(read_sources(tree, allowed)))
    note = "" if kernels else "the trace holds no kernel launches"
    return SeenKernels(kernels=kernels, targets=targets, counts=_agree(recording, targets, rows, counts), note=note)


def _agree(
    recording: Recording, targets: Sequence[TargetKernel], rows: Sequence[ConfigRow], counts: Sequence[tuple[int, int]]
) -> CallCounts | None:
    names, keys = [target.name for target in targets], [row.key for row in rows]
    for warmup, timed in counts:
        tried = CallCounts(warmup=warmup, timed=timed)
        found = attribute(recording, names, keys, counts=tried)
        # A reason beside the rows says that the calls were more than expected.
        if found.is_certain and not found.reason:
            return tried
    return None

"""What a regression looked like: the summary that the report and the next brief show."""

from math import exp, log

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.stages import Weighed
from kernel_opt.model.state import RegressionNote, RunState
from kernel_opt.model.trace import Role, Trace


def note_regression(state: RunState, stage: Weighed, at_s: float, *, is_gpu: bool) -> RegressionNote:
    """Sum up one regression: us and GPU time of best and candidate, and what got worse."""
    best_trace = state.best.trace if state.best else None
    verdict = stage.verdict
    worse = [c for c in verdict.classes if c.outcome.value == "worse"]
    return RegressionNote(
        at_s=at_s,
        best=state.code,
        candidate=stage.candidate.commit,
        hypothesis=stage.hypothesis.sentence,
        files=stage.candidate.files,
        best_us=mean_us(state.best.run) if state.best else None,
        candidate_us=mean_us(stage.run),
        best_gpu_us=target_us(best_trace) if is_gpu else None,
        candidate_gpu_us=target_us(stage.trace) if is_gpu else None,
        delta_pct=((verdict.target_ratio or verdict.overall_ratio or 1.0) - 1) * 100,
        notes="; ".join(f"{c.key} x{c.ratio:.3f}" for c in worse if c.ratio is not None) or verdict.sentence,
    )


def mean_us(run: BenchRun) -> float | None:
    """Return the geometric mean of the script times, or None without rows."""
    return geometric_mean_us(run.rows)


def geometric_mean_us(rows: tuple[ConfigRow, ...]) -> float | None:
    """Return the geometric mean over rows with a positive time."""
    times = [row.us for row in rows if row.us > 0]
    return exp(sum(log(us) for us in times) / len(times)) if times else None


def target_us(trace: Trace | None) -> float | None:
    """Return the target kernels' GPU time per call of the main one, or None when the trace does not tell."""
    if trace is None:
        return None
    helpers = {target.name for target in trace.targets if target.role is Role.REDUCE}
    names = {target.name for target in trace.targets}
    kernels = [kernel for kernel in trace.kernels if kernel.name in names]
    calls = sum(kernel.calls for kernel in kernels if kernel.name not in helpers)
    return sum(kernel.total_ns for kernel in kernels) / calls / 1000 if calls else None

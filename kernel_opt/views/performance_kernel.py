"""The parts of the report about the kernel itself: registers, bottlenecks, and which kernel serves which class."""

from kernel_opt.model.trace import Hotspot, KernelSummary, Occupancy, Trace
from kernel_opt.rules.judge.regress import target_us
from kernel_opt.views.format import us_text
from kernel_opt.views.markdown import Markdown, code, escape, join, row
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.story import Split, main_kernels, specialised_kernels

_BOTTLENECKS = 5
_NAME = 60  # columns of a kernel's name; mangled names run to hundreds


def kernel_rows(story: RunStory) -> list[Markdown]:
    """Return the hottest target kernel of baseline and best side by side."""
    best = story.state.best
    traces = (story.state.baseline_trace, best.trace if best else None)
    hottest = [_hottest(trace) for trace in traces]
    if not any(hottest):
        return []
    figures: dict[str, list[object]] = {
        "hottest target kernel": [code(one.name, _NAME) if one else None for one in hottest],
        "average GPU time (us)": [_us(target_us(trace)) for trace in traces],
        "share of GPU time": [f"{one.share_pct:.0f} %" if one else None for one in hottest],
        "arch VGPR": [one.arch_vgpr if one else None for one in hottest],
        "accum VGPR": [one.accum_vgpr if one else None for one in hottest],
        "SGPR": [one.sgpr if one else None for one in hottest],
        "LDS (bytes)": [one.lds_bytes if one else None for one in hottest],
        "scratch (bytes)": [one.scratch_bytes if one else None for one in hottest],
        "waves per SIMD": [_occupancy(trace, one) for trace, one in zip(traces, hottest, strict=True)],
    }
    return [row([name, *cells]) for name, cells in figures.items()]


def _hottest(trace: Trace | None) -> KernelSummary | None:
    names = main_kernels(trace)
    kernels = {kernel.name: kernel for kernel in trace.kernels} if trace else {}
    return next((kernels[name] for name in names if name in kernels), None)


def _us(us: float | None) -> str | None:
    return None if us is None else us_text(us)


def _occupancy(trace: Trace | None, kernel: KernelSummary | None) -> str | None:
    if trace is None or kernel is None:
        return None
    return next((_waves(one) for one in trace.occupancy if one.kernel == kernel.name), None)


def _waves(one: Occupancy) -> str:
    limit = f", limited by {' and '.join(one.limited_by)}" if one.limited_by else ""
    return f"{one.waves_per_simd:g} of {one.max_waves_per_simd}{limit}"


def bottleneck_lists(story: RunStory) -> list[dict[str, object]]:
    """Return the top bottlenecks of the baseline and, once something was kept, of best."""
    state = story.state
    lists = [("the baseline", state.baseline_trace)]
    if state.best is not None and state.best.round:
        lists.append(("best", state.best.trace))
    return [
        {"of": of, "lines": [_bottleneck(one) for one in trace.hotspots[:_BOTTLENECKS]]}
        for of, trace in lists
        if trace is not None and trace.hotspots
    ]


def _bottleneck(one: Hotspot) -> Markdown:
    where = " at ".join(filter(None, (one.instruction, one.source)))
    parts = [f"{one.share_pct:.0f} %", one.kind, code(one.kernel, _NAME)]
    parts += [code(where, 100)] if where else []
    note = f": {escape(one.note, 160)}" if one.note else ""
    return Markdown(f"- {join(parts)}{note}")


def splits_of(story: RunStory) -> list[Split]:
    """Return the kept splits, oldest first, each with the kernels it brought."""
    known: set[str] = set()
    splits: list[Split] = []
    for one in story.kept:
        if one.is_given_up:
            continue
        new = tuple(name for name in specialised_kernels(one.trace) if name not in known)
        known.update(new)
        if one.split is not None:
            splits.append(Split(one.split.condition, one.split.classes, new))
    return splits


def serving_kernels(story: RunStory) -> dict[str, Markdown]:
    """Return the kernel that serves each class in best."""
    best = story.state.best
    main = _list(main_kernels(best.trace if best else None))
    serving = {one.key: main for one in story.state.classes}
    for split in splits_of(story):
        serving.update(dict.fromkeys(split.classes, _list(split.kernels)))
    return serving


def dispatch_rows(story: RunStory) -> list[Markdown]:
    """Return which class runs which kernel under which condition; empty when one kernel serves all."""
    splits = splits_of(story)
    if not splits:
        return []
    taken = {key for split in splits for key in split.classes}
    rest = [one.key for one in story.state.classes if one.key not in taken]
    best = story.state.best
    rows = [row([code(one.condition), join(map(code, one.classes)), _list(one.kernels)]) for one in splits]
    return [*rows, row(["otherwise", join(map(code, rest)), _list(main_kernels(best.trace if best else None))])]


def _list(kernels: tuple[str, ...]) -> Markdown:
    return join(code(name, _NAME) for name in kernels)

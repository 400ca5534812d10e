"""What compiling ahead showed, as people and proposers read it."""

from collections.abc import Iterator, Sequence

from kernel_opt.model.compiled import BuildChange, BuildEnd, Built, Compiled, CompileOutcome, HostFunction
from kernel_opt.model.static_facts import KernelChange, KernelStatics
from kernel_opt.rules.isa.compile_gate import stands_for
from kernel_opt.views.format import clean_line, count
from kernel_opt.views.statics import say_waves

_KERNELS = 6
"""Of one build that are told: a specialisation has one or two."""
_CAP = 300
_TOLD = (
    "waves_per_simd", "vgpr", "agpr", "sgpr", "vgpr_spills", "sgpr_spills", "scratch_bytes", "lds_bytes",
    "mfma instructions",
)  # fmt: skip
"""What of a change is told in a line; `kernel-opt isa --diff` tells all."""
_HOST_TOLD = {
    "instructions": "instructions",
    "frame_bytes": "frame",
    "stack_moves": "stack moves",
    "vector_stack_moves": "vector stack moves",
}
_WORDS = {
    CompileOutcome.FINE: "compiles, no costlier than best",
    CompileOutcome.BROKEN: "does not compile",
    CompileOutcome.CANNOT_LAUNCH: "can never be launched",
    CompileOutcome.UNUSED: "the same code as best",
    CompileOutcome.COSTLIER: "compiles to code that looks costlier than best's",
    CompileOutcome.NOT_CHECKED: "not checked",
}


def tell_compiled(compiled: Compiled) -> list[str]:
    """Return the outcome, then a line for every build."""
    why = f": {clean_line(compiled.why)[:_CAP]}" if compiled.why else ""
    changes = {(one.name, one.target): one for one in compiled.changes}
    lines = [f"{_WORDS[compiled.outcome]}{why} ({count(len(compiled.builds), 'build')}, {compiled.wall_s:.1f} s)"]
    for built in compiled.builds:
        lines += _tell_build(built, changes.get((built.name, built.target)))
    return lines


def tell_formatted(compiled: Compiled) -> list[str]:
    """Return whether formatting left the compiled code as it was measured."""
    if compiled.outcome is CompileOutcome.UNUSED:
        return ["formatting changed nothing of the compiled code"]
    if not compiled.changes:
        return [f"the formatted code was not compiled ahead: {clean_line(compiled.why)[:_CAP]}"]
    told = [
        f"{clean_line(one.name)}: {clean_line(kernel.name)} {_say_delta(kernel)}"
        for one in compiled.changes
        for kernel in one.changes.kernels
        if kernel.has_effect is not False
    ]
    return [f"formatting changed the compiled code: {line}" for line in told[:_KERNELS]]


def _tell_build(built: Built, change: BuildChange | None) -> Iterator[str]:
    label = f"{built.name} for {built.target}" if built.target else built.name
    if built.end is not BuildEnd.BUILT:
        yield f"{clean_line(label)}: {built.end.value}: {clean_line(built.why)[:_CAP]}"
        return
    deltas = {one.other_name or one.name: _say_delta(one) for one in change.changes.kernels} if change else {}
    for kernel in built.kernels[:_KERNELS]:
        delta = deltas.get(kernel.name, "")
        told = f"; against best {delta}" if delta else ""
        yield f"{clean_line(label)}: {clean_line(kernel.name)} {say_kernel(kernel)}{told}"
    old = {one.name: one for one in change.functions} if change else {}
    for function in built.functions[:_KERNELS]:
        told = f"; against best {_say_function_delta(old.get(function.name), function)}" if change else ""
        yield f"{clean_line(label)}: {clean_line(function.name)} {say_function(function)}{told}"
    if built.error is not None:
        told = f"; best's {change.error:.2g}" if change and change.error is not None else ""
        yield f"{clean_line(label)}: {say_error(built.error)}{told}"


def say_kernel(kernel: KernelStatics) -> str:
    """Return one kernel's cost in a line, the waves and the cliff first."""
    waves = f"waves {say_waves(kernel.occupancy)}" if kernel.occupancy else "waves unknown"
    spills = f"spilled {_of(kernel.vgpr_spills)} VGPR and {_of(kernel.sgpr_spills)} SGPR"
    return f"{waves}; {_of(kernel.vgpr)} VGPR ({_of(kernel.agpr)} accum), {spills}, LDS {_of(kernel.lds_bytes)} B"


def say_function(function: HostFunction) -> str:
    """Return what one function for the processor does with its stack; shown only."""
    moves = f"{function.stack_moves} stack moves ({function.vector_stack_moves} of vectors)"
    return f"{function.instructions} instructions, frame {function.frame_bytes} B, {moves}"


def _say_delta(change: KernelChange) -> str:
    if change.is_new or change.is_gone:
        return "new" if change.is_new else "gone"
    told = [
        f"{name.replace('_', ' ')} {_figure(old)} -> {_figure(new)}"
        for name, (old, new) in change.changed.items()
        if name in _TOLD
    ]
    if told:
        return ", ".join(told)
    return "the same instructions" if change.same_isa else "other instructions at the same cost"


def say_error(error: float) -> str:
    """Return how far a build's own program found its kernel from float64; shown only."""
    return f"largest difference from float64 {error:.2g}"


def _say_function_delta(old: HostFunction | None, new: HostFunction) -> str:
    if old is None:
        return "new"
    told = [
        f"{words} {getattr(old, field)} -> {getattr(new, field)}"
        for field, words in _HOST_TOLD.items()
        if getattr(old, field) != getattr(new, field)
    ]
    same = "the same instructions" if old.digest == new.digest else "other instructions at the same cost"
    return ", ".join(told) or same


def compiled_facts(builds: Sequence[Built], classes: Sequence[str]) -> list[dict[str, object]]:
    """Return what best compiles to as rows of the brief: which config classes run it, and what it costs."""
    rows: list[dict[str, object]] = []
    for built in builds:
        keys = [key for key in classes if stands_for(built, key)]
        label = f"{built.name} for {built.target}" if built.target else built.name
        told = [(kernel.name, say_kernel(kernel)) for kernel in built.kernels[:_KERNELS]]
        told += [(function.name, say_function(function)) for function in built.functions[:_KERNELS]]
        told += [("all", say_error(built.error))] if built.error is not None else []
        if built.end is not BuildEnd.BUILT:
            told = [("-", f"{built.end.value}: {built.why}")]
        stand = "all classes" if len(keys) == len(classes) else "; ".join(keys) or "no class"
        rows += [_row(label, stand, name, cost) for name, cost in told]
    return rows


def _row(build: str, classes: str, kernel: str, cost: str) -> dict[str, object]:
    cells = {"build": build, "classes": classes, "kernel": kernel, "cost": cost}
    return {name: clean_line(text)[:_CAP].replace("|", "\\|") for name, text in cells.items()}


def _of(value: int | None) -> str:
    return "?" if value is None else str(value)


def _figure(value: float | str | None) -> str:
    return "?" if value is None else value if isinstance(value, str) else f"{value:g}"

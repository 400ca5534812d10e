"""Compiled kernels as people read them: registers, waves and the nearest cliff, memory, instructions."""

from collections.abc import Iterator, Sequence

from kernel_opt.model.static_facts import InstructionCounts, KernelStatics, Statics
from kernel_opt.model.trace import Cliff, Occupancy
from kernel_opt.views.format import clean, pad, shorten

_TABLE_FROM = 2
"""One kernel needs no table."""
_TOLD_WHOLE = 12
"""Kernels that are told in full; a library has hundreds."""
_NAME_WIDTH = 48
_RESOURCES = {"vgpr": "VGPRs", "sgpr": "SGPRs", "lds": "B of LDS"}
_COUNTED = {
    "mfma": "MFMA",
    "valu": "VALU",
    "salu": "SALU",
    "smem": "SMEM",
    "vmem_load": "VMEM loads",
    "vmem_store": "VMEM stores",
    "vmem_atomic": "VMEM atomics",
    "scratch": "scratch",
    "lds": "LDS",
    "branch": "branches",
    "barrier": "barriers",
    "wait": "waits",
    "other": "other",
}


def tell_statics(statics: Statics) -> str:
    """Return the report."""
    kernels = statics.kernels
    blocks = [list(_table(kernels))] if len(kernels) >= _TABLE_FROM else []
    blocks += [list(_tell_kernel(kernel)) for kernel in kernels[:_TOLD_WHOLE]]
    if not kernels:
        blocks.append([f"no kernel for a GPU is in {', '.join(clean(file) for file in statics.files)}"])
    if len(kernels) > _TOLD_WHOLE:
        blocks.append([f"{len(kernels) - _TOLD_WHOLE} more are in the table only; name some with --kernel"])
    blocks.append([f"note: {clean(note)}" for note in statics.notes])
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def say_waves(occupancy: Occupancy) -> str:
    """Return the waves, what limits them, and how far the next step is, in one line."""
    text = f"{occupancy.waves_per_simd:g} of {occupancy.max_waves_per_simd} per SIMD"
    if not occupancy.limited_by:
        told = [say_room(cliff) for cliff in occupancy.cliffs if cliff.resource == "vgpr"]
    else:
        text += f", limited by {' and '.join(occupancy.limited_by)}"
        told = [say_cliff(cliff) for cliff in occupancy.cliffs if cliff.resource in occupancy.limited_by]
    return f"{text}: {'; '.join(told)}" if told else text


def say_cliff(cliff: Cliff) -> str:
    """Return how far a kernel is over the cliff to more waves, and how far from the one to fewer."""
    over = ""
    if cliff.over is not None and cliff.waves_above is not None:
        over = f"{cliff.over} {_name_units(cliff, cliff.over)} over the cliff to {cliff.waves_above:g} waves, "
    return over + say_room(cliff)


def say_room(cliff: Cliff) -> str:
    """Return how much more may be used at no cost in waves."""
    return f"{cliff.room} {_name_units(cliff, cliff.room)} to spare at {cliff.waves:g}"


def _name_units(cliff: Cliff, count: int) -> str:
    name = _RESOURCES[cliff.resource]
    return name[:-1] if count == 1 and name.endswith("s") else name


def _table(kernels: Sequence[KernelStatics]) -> Iterator[str]:
    names = [shorten(clean(kernel.name), _NAME_WIDTH) for kernel in kernels]
    width = max(len("kernel"), *map(len, names))
    yield (
        f"{pad('kernel', width)} {'target':>8} {'waves':>6} {'VGPR':>5} {'AGPR':>5} {'SGPR':>5} {'spill':>6} "
        f"{'LDS':>7} {'MFMA':>5}  limited by"
    )
    for kernel, name in zip(kernels, names, strict=True):
        waves = None if kernel.occupancy is None else f"{kernel.occupancy.waves_per_simd:g}"
        yield (
            f"{pad(name, width)} {_of(kernel.gfx):>8} {_of(waves):>6} "
            f"{_of(kernel.vgpr):>5} {_of(kernel.agpr):>5} {_of(kernel.sgpr):>5} "
            f"{_of(_add(kernel.vgpr_spills, kernel.sgpr_spills)):>6} "
            f"{_of(kernel.lds_bytes):>7} {_of(kernel.counts and kernel.counts.mfma):>5}  {_say_limits(kernel)}"
        )


def _say_limits(kernel: KernelStatics) -> str:
    if kernel.launch_problems:
        return "cannot be launched"
    if kernel.occupancy is None:
        return "?"
    over = {cliff.resource: cliff.over for cliff in kernel.occupancy.cliffs if cliff.over is not None}
    limits = (f"{name} ({over[name]} over)" if name in over else name for name in kernel.occupancy.limited_by)
    return " ".join(limits) or "-"


def _tell_kernel(kernel: KernelStatics) -> Iterator[str]:
    shape = "" if kernel.workgroup is None else f", work-group {'x'.join(map(str, kernel.workgroup))}"
    most = f", at most {_of(kernel.max_workgroup_items)} work-items" if kernel.workgroup is None else ""
    yield f"{clean(kernel.name)} ({_of(kernel.gfx)}, wave of {_of(kernel.wave_size)}{shape}{most})"
    if kernel.source:
        yield f"  from         {clean(kernel.source)}"
    for problem in kernel.launch_problems:
        yield f"  CANNOT RUN   {problem}"
    waves = (
        f"? the limits of {_of(kernel.gfx)} are not known" if kernel.occupancy is None else say_waves(kernel.occupancy)
    )
    yield f"  waves        {waves}"
    yield (
        f"  registers    {_of(kernel.vgpr)} VGPR (arch {_of(kernel.arch_vgpr)}, accum {_of(kernel.agpr)}), "
        f"{_of(kernel.sgpr)} SGPR; spilled {_of(kernel.vgpr_spills)} VGPR, {_of(kernel.sgpr_spills)} SGPR"
    )
    yield (
        f"  memory       LDS {_of(kernel.lds_bytes)} B, scratch {_of(kernel.scratch_bytes)} B a work-item, "
        f"kernarg {_of(kernel.kernarg_bytes)} B"
    )
    yield f"  instructions {_say_counts(kernel.counts, kernel.code_bytes)}"
    if kernel.fingerprint is not None:
        yield f"  fingerprint  {kernel.fingerprint.kind.value} {kernel.fingerprint.digest}"


def _say_counts(counts: InstructionCounts | None, code_bytes: int | None) -> str:
    if counts is None:
        return f"not counted in machine code ({_of(code_bytes)} B)"
    parts = [f"{count} {name}" for field, name in _COUNTED.items() if (count := getattr(counts, field))]
    return f"{counts.total}: {', '.join(parts)}" if parts else str(counts.total)


def _add(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def _of(value: float | str | None) -> str:
    """Show what is not known as such, never as nothing."""
    return "?" if value is None else str(value)

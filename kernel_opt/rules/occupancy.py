"""How many waves of a kernel a SIMD can hold at once, and which resource keeps more out."""

import math
from collections.abc import Mapping

from kernel_opt.model.recording import Agent
from kernel_opt.model.trace import KernelSummary, Occupancy
from kernel_opt.rules.gfx import Gfx, find_gfx


def find_occupancy(kernel: KernelSummary, agent: Agent | None) -> Occupancy | None:
    """Return the occupancy of a kernel; None on a device whose limits are not known.

    What the trace does not tell bounds nothing here and is named: the true figure may then be lower.
    """
    gfx = find_gfx(None if agent is None else agent.gfx)
    if gfx is None or agent is None:
        return None
    waves = _waves_per_workgroup(kernel, agent.wave_size or gfx.wave_size)
    bounds = {
        "vgpr": _by_vgpr(kernel, gfx, agent.wave_size or gfx.wave_size),
        "sgpr": None if gfx.sgprs is None else _by_sgpr(kernel, gfx),
        "lds": _by_lds(kernel, gfx, waves),
        "workgroups": _by_workgroups(gfx, waves),
        "grid": _by_grid(kernel, agent, waves),
    }
    known = {name: bound for name, bound in bounds.items() if bound is not None}
    lowest = min([*known.values(), float(gfx.max_waves)])
    limits = tuple(name for name, bound in known.items() if bound == lowest and bound < gfx.max_waves)
    unknown = tuple(name for name, bound in bounds.items() if bound is None and not (name == "sgpr" and not gfx.sgprs))
    return Occupancy(
        kernel=kernel.name,
        gfx=agent.gfx or "",
        waves_per_simd=lowest,
        max_waves_per_simd=gfx.max_waves,
        limited_by=limits,
        by_resource=known,
        unknown=unknown,
        next_step=_say_next_step(kernel, gfx, known, limits, agent.wave_size or gfx.wave_size),
    )


def _vgprs(kernel: KernelSummary, gfx: Gfx) -> int | None:
    """Return the registers that count against the file; None when either part is not known."""
    if kernel.arch_vgpr is None or (gfx.has_one_pool and kernel.accum_vgpr is None):
        return None
    accumulators = kernel.accum_vgpr or 0
    return kernel.arch_vgpr + accumulators if gfx.has_one_pool else max(kernel.arch_vgpr, accumulators)


def _file(gfx: Gfx, wave_size: int) -> tuple[int, int]:
    """Return registers and granule for a wave size: a wave of twice the lanes takes twice the file."""
    return gfx.vgprs * gfx.wave_size // wave_size, max(gfx.vgpr_granule * gfx.wave_size // wave_size, 1)


def _by_vgpr(kernel: KernelSummary, gfx: Gfx, wave_size: int) -> float | None:
    used = _vgprs(kernel, gfx)
    if used is None:
        return None
    registers, granule = _file(gfx, wave_size)
    return float(min(gfx.max_waves, registers // _round_up(max(used, 1), granule)))


def _by_sgpr(kernel: KernelSummary, gfx: Gfx) -> float | None:
    if kernel.sgpr is None or gfx.sgprs is None:
        return None
    return float(min(gfx.max_waves, gfx.sgprs // _round_up(max(kernel.sgpr, 1), 16)))


def _by_lds(kernel: KernelSummary, gfx: Gfx, waves: int | None) -> float | None:
    if kernel.lds_bytes is None or waves is None:
        return None
    if kernel.lds_bytes == 0:
        return float(gfx.max_waves)
    groups = gfx.lds_bytes // _round_up(kernel.lds_bytes, gfx.lds_granule)
    return min(gfx.max_waves, groups * waves / gfx.simds)


def _by_workgroups(gfx: Gfx, waves: int | None) -> float | None:
    if waves is None:
        return None
    return float(gfx.max_waves) if waves == 1 else min(gfx.max_waves, gfx.max_workgroups * waves / gfx.simds)


def _by_grid(kernel: KernelSummary, agent: Agent, waves: int | None) -> float | None:
    """Return how many waves a SIMD gets when the whole grid is spread evenly over the device."""
    if waves is None or kernel.grid is None or kernel.workgroup is None or not agent.cu_count:
        return None
    groups = math.prod(-(-size // part) for size, part in zip(kernel.grid, kernel.workgroup, strict=True))
    return groups * waves / (agent.cu_count * (agent.simd_per_cu or 4))


def _waves_per_workgroup(kernel: KernelSummary, wave_size: int) -> int | None:
    if kernel.workgroup is None or 0 in kernel.workgroup:
        return None
    return -(-math.prod(kernel.workgroup) // wave_size)


def _say_next_step(
    kernel: KernelSummary, gfx: Gfx, known: Mapping[str, float], limits: tuple[str, ...], wave_size: int
) -> str:
    """Say how far the next wave is, for the resources that an edit of the kernel can change."""
    if "vgpr" in limits and (used := _vgprs(kernel, gfx)) is not None:
        registers, granule = _file(gfx, wave_size)
        goal = registers // (int(known["vgpr"]) + 1) // granule * granule
        return f"{used} registers are in use; one more wave fits at {goal} or less"
    if "lds" in limits and kernel.lds_bytes:
        groups = gfx.lds_bytes // _round_up(kernel.lds_bytes, gfx.lds_granule)
        goal = gfx.lds_bytes // (groups + 1) // gfx.lds_granule * gfx.lds_granule
        return f"{kernel.lds_bytes} B of LDS are in use; one more work-group fits at {goal} B or less"
    if "grid" in limits:
        return "the grid does not fill the device: more, smaller work-groups would"
    return ""


def _round_up(value: int, granule: int) -> int:
    return -(-value // granule) * granule

"""How many waves of a kernel a SIMD can hold at once, and which resource keeps more out."""

import math
from collections.abc import Mapping

from kernel_opt.model.recording import Agent
from kernel_opt.model.static_facts import KernelStatics
from kernel_opt.model.trace import Cliff, KernelSummary, Occupancy
from kernel_opt.rules.isa.gfx import Gfx, find_gfx
from kernel_opt.rules.isa.wave_bounds import Needs, find_bounds, find_cliffs


def find_occupancy(kernel: KernelSummary, agent: Agent | None) -> Occupancy | None:
    """Return the occupancy of a kernel; None on a device whose limits are not known.

    What the trace does not tell bounds nothing here and is named: the true figure may then be lower.
    """
    gfx = find_gfx(None if agent is None else agent.gfx)
    if gfx is None or agent is None:
        return None
    needs = Needs(
        gfx=gfx,
        wave_size=agent.wave_size or gfx.wave_size,
        vgprs=_vgprs(kernel, gfx),
        sgprs=kernel.sgpr,
        lds_bytes=kernel.lds_bytes,
        workgroup_items=None if kernel.workgroup is None else math.prod(kernel.workgroup),
    )
    cliffs = find_cliffs(needs)
    bounds = {**find_bounds(needs, cliffs), "grid": _by_grid(kernel, agent, needs.group_waves)}
    return _sum_up(kernel.name, agent.gfx or "", gfx, bounds, cliffs)


def find_static_occupancy(kernel: KernelStatics, *, workgroup_items: int | None = None) -> Occupancy | None:
    """Return the occupancy that the compiled code allows; None on a target whose limits are not known.

    Without the size of the work-group, the largest that the code allows stands for it where LDS is concerned: the true
    figure may then be lower. What the launch adds, dynamic LDS and the grid, is not seen here.
    """
    gfx = find_gfx(kernel.gfx)
    if gfx is None:
        return None
    exact = workgroup_items or (None if kernel.workgroup is None else math.prod(kernel.workgroup))
    needs = Needs(
        gfx=gfx,
        wave_size=kernel.wave_size or gfx.wave_size,
        vgprs=kernel.vgpr,
        sgprs=kernel.sgpr,
        lds_bytes=kernel.lds_bytes,
        workgroup_items=exact or kernel.max_workgroup_items,
        is_workgroup_exact=exact is not None,
    )
    cliffs = find_cliffs(needs)
    return _sum_up(kernel.name, kernel.gfx or "", gfx, find_bounds(needs, cliffs), cliffs)


def _sum_up(
    name: str, target: str, gfx: Gfx, bounds: Mapping[str, float | None], cliffs: tuple[Cliff, ...]
) -> Occupancy:
    known = {resource: bound for resource, bound in bounds.items() if bound is not None}
    lowest = min([*known.values(), float(gfx.max_waves)])
    limits = tuple(resource for resource, bound in known.items() if bound == lowest and bound < gfx.max_waves)
    return Occupancy(
        kernel=name,
        gfx=target,
        waves_per_simd=lowest,
        max_waves_per_simd=gfx.max_waves,
        limited_by=limits,
        by_resource=known,
        unknown=tuple(resource for resource, bound in bounds.items() if bound is None),
        next_step=_say_next_step(limits, cliffs),
        cliffs=cliffs,
    )


def _vgprs(kernel: KernelSummary, gfx: Gfx) -> int | None:
    """Return the registers that count against the file; None when either part is not known."""
    if kernel.arch_vgpr is None or (gfx.has_one_pool and kernel.accum_vgpr is None):
        return None
    accumulators = kernel.accum_vgpr or 0
    return kernel.arch_vgpr + accumulators if gfx.has_one_pool else max(kernel.arch_vgpr, accumulators)


def _by_grid(kernel: KernelSummary, agent: Agent, waves: int | None) -> float | None:
    """Return how many waves a SIMD gets when the whole grid is spread evenly over the device."""
    if waves is None or kernel.grid is None or kernel.workgroup is None or not agent.cu_count:
        return None
    groups = math.prod(-(-size // part) for size, part in zip(kernel.grid, kernel.workgroup, strict=True))
    return groups * waves / (agent.cu_count * (agent.simd_per_cu or 4))


def _say_next_step(limits: tuple[str, ...], cliffs: tuple[Cliff, ...]) -> str:
    """Say how far the next wave is, for the resources that an edit of the kernel can change."""
    over = {cliff.resource: cliff for cliff in cliffs if cliff.resource in limits}
    for resource, what, unit in (("vgpr", "registers", "wave"), ("lds", "B of LDS", "work-group")):
        cliff = over.get(resource)
        if cliff is None or cliff.over is None or cliff.waves_above is None:
            continue
        gain = cliff.waves_above - cliff.waves
        more = f"{gain:g} more waves fit" if unit == "wave" and gain > 1 else f"one more {unit} fits"
        below = f" at {cliff.used - cliff.over} {'B ' if resource == 'lds' else ''}or less"
        return f"{cliff.used} {what} are in use; {more}{below}"
    return "the grid does not fill the device: more, smaller work-groups would" if "grid" in limits else ""

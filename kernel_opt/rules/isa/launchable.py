"""Whether a compiled kernel can be launched at all: what no card of its target would ever accept."""

import math

from kernel_opt.model.static_facts import KernelStatics
from kernel_opt.rules.isa.gfx import MAX_WORKGROUP_ITEMS, find_gfx
from kernel_opt.rules.isa.wave_bounds import Needs, find_cliffs


def find_launch_problems(
    kernel: KernelStatics, *, workgroup_items: int | None = None, lds_bytes: int | None = None
) -> tuple[str, ...]:
    """Return why a kernel cannot be launched, with the work-group and the LDS of the launch where they are known.

    Empty also when too little is known: only what is certain speaks against a kernel.
    """
    gfx = find_gfx(kernel.gfx)
    if gfx is None:
        return ()
    items = workgroup_items or (None if kernel.workgroup is None else math.prod(kernel.workgroup))
    lds = kernel.lds_bytes if lds_bytes is None else lds_bytes
    problems: list[str] = []
    if lds is not None and lds > gfx.max_workgroup_lds_bytes:
        problems.append(f"{lds} B of LDS for a work-group; {kernel.gfx} has {gfx.max_workgroup_lds_bytes} B")
    if kernel.vgpr is not None and kernel.vgpr > gfx.max_wave_vgprs:
        problems.append(f"{kernel.vgpr} vector registers; a wave has {gfx.max_wave_vgprs} on {kernel.gfx}")
    if items is None:
        return tuple(problems)
    most = min(MAX_WORKGROUP_ITEMS, kernel.max_workgroup_items or MAX_WORKGROUP_ITEMS)
    if items > most:
        problems.append(f"{items} work-items in a work-group; it was compiled for at most {most}")
    wave_size = kernel.wave_size or gfx.wave_size
    slots = find_cliffs(Needs(gfx=gfx, wave_size=wave_size, vgprs=kernel.vgpr))
    allowed = min((cliff.waves for cliff in slots), default=float(gfx.max_waves))
    if (waves := math.ceil(items / wave_size / gfx.simds)) > allowed:
        problems.append(
            f"a work-group of {items} needs {waves} waves on a SIMD; {kernel.vgpr} registers allow {allowed:g}"
        )
    return tuple(problems)

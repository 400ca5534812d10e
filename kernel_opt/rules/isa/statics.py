"""What follows from the figures of a compiled kernel."""

from msgspec import structs

from kernel_opt.model.static_facts import KernelStatics
from kernel_opt.rules.isa.gfx import find_gfx
from kernel_opt.rules.isa.launchable import find_launch_problems
from kernel_opt.rules.isa.occupancy import find_static_occupancy


def complete_statics(kernel: KernelStatics) -> KernelStatics:
    """Return a kernel with its share of each register file, its occupancy and what keeps it from running."""
    split = _split_registers(kernel)
    return structs.replace(split, occupancy=find_static_occupancy(split), launch_problems=find_launch_problems(split))


def _split_registers(kernel: KernelStatics) -> KernelStatics:
    """Tell the two kinds of vector registers apart: the compiler writes their total and the second kind.

    In one file the total is the sum; in two files it is the larger, so the smaller first kind stays unknown.
    """
    gfx = find_gfx(kernel.gfx)
    if gfx is None or kernel.vgpr is None:
        return kernel
    agpr = kernel.agpr if gfx.has_agprs else 0
    if agpr is None:
        return kernel
    arch: int | None = kernel.vgpr if agpr == 0 or (not gfx.has_one_pool and agpr < kernel.vgpr) else None
    if gfx.has_one_pool:
        arch = max(0, kernel.vgpr - agpr)
    return structs.replace(kernel, arch_vgpr=arch, agpr=agpr)

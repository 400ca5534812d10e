"""What Triton writes beside its code: the launch, and the LDS that the code object does not tell."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from kernel_opt.edges.isa.limits import refuse
from kernel_opt.model.static_facts import KernelStatics
from kernel_opt.rules.isa.statics import complete_statics

Count = Annotated[int, Meta(ge=0, lt=1 << 32)]


class TritonTarget(Struct, frozen=True):
    """What it was compiled for."""

    backend: str
    warp_size: Count | None = None


class TritonLaunch(Struct, frozen=True, kw_only=True):
    """The part of its metadata that bounds a launch."""

    name: str
    shared: Count
    """LDS of a work-group in bytes, given at the launch."""
    num_warps: Count
    warp_size: Count | None = None
    target: TritonTarget


def read_launch(content: bytes, name: str) -> TritonLaunch | None:
    """Read a metadata file of Triton; None for JSON of another kind or another maker of cards."""
    try:
        launch = msgspec.json.decode(content, type=TritonLaunch)
    except msgspec.ValidationError:
        return None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refuse(name, f"it is no JSON: {error}", "clear the cache and compile it again") from None
    return launch if launch.target.backend == "hip" else None


def add_launch(kernel: KernelStatics, launch: TritonLaunch) -> KernelStatics:
    """Return a kernel with what its launch adds; a kernel of another name is left alone."""
    if kernel.name != launch.name or kernel.lds_bytes is None:
        return kernel
    lanes = launch.warp_size or launch.target.warp_size or kernel.wave_size
    workgroup = (launch.num_warps * lanes, 1, 1) if lanes and launch.num_warps else kernel.workgroup
    # Where the code object tells LDS too it is the same memory, which the launch then does not add again.
    lds_bytes = max(kernel.lds_bytes, launch.shared)
    return complete_statics(structs.replace(kernel, lds_bytes=lds_bytes, workgroup=workgroup))

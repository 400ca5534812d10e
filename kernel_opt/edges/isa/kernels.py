"""A kernel's figures out of what the compiler wrote about it."""

from dataclasses import dataclass

from kernel_opt.edges.isa.metadata import KernelNote
from kernel_opt.model.static_facts import Fingerprint, InstructionCounts, KernelStatics
from kernel_opt.rules.isa.gfx import find_gfx
from kernel_opt.rules.isa.statics import complete_statics


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What the hardware is told of a kernel, beside what the metadata says."""

    float_mode: int | None
    accum_offset: int | None
    """Where the second kind of registers begins in the one file of gfx90a and later."""


_UNKNOWN = Descriptor(float_mode=None, accum_offset=None)


def of_note(
    note: KernelNote,
    *,
    gfx: str | None,
    source: str,
    descriptor: Descriptor | None = None,
    counts: InstructionCounts | None = None,
    code_bytes: int | None = None,
    fingerprint: Fingerprint | None = None,
) -> KernelStatics:
    """Return a kernel from its entry in the metadata and from what was read of its code."""
    told = descriptor or _UNKNOWN
    return complete_statics(
        KernelStatics(
            name=note.name,
            source=source,
            gfx=gfx,
            wave_size=note.wavefront_size,
            agpr=_find_agprs(note, gfx, told.accum_offset) if note.agpr_count is None else note.agpr_count,
            vgpr=note.vgpr_count,
            sgpr=note.sgpr_count,
            vgpr_spills=note.vgpr_spill_count,
            sgpr_spills=note.sgpr_spill_count,
            scratch_bytes=note.private_segment_fixed_size,
            has_dynamic_stack=note.uses_dynamic_stack,
            lds_bytes=note.group_segment_fixed_size,
            kernarg_bytes=note.kernarg_segment_size,
            max_workgroup_items=note.max_flat_workgroup_size,
            workgroup=note.workgroup,
            float_mode=told.float_mode,
            counts=counts,
            code_bytes=code_bytes,
            fingerprint=fingerprint,
        )
    )


def _find_agprs(note: KernelNote, gfx: str | None, accum_offset: int | None) -> int | None:
    """Return the second kind of registers where an older compiler does not write them: those past the offset."""
    limits = find_gfx(gfx)
    if limits is None or not limits.has_one_pool or note.vgpr_count is None or accum_offset is None:
        return None
    return max(0, note.vgpr_count - accum_offset)

"""Whether a candidate's launches came on the ways that best's come on, and were of the code that was compiled."""

import math
from itertools import pairwise

from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.model.recording import Compiled, Lane, Launch
from kernel_opt.rules.integrity.trace_checks import Seen
from kernel_opt.rules.isa.gfx import find_gfx
from kernel_opt.rules.trace.kernel_names import base_name

REGISTER_GRANULE = 24
"""The coarsest step in which any target gives registers out: a trace shows them rounded up."""
LDS_GRANULE_BYTES = 1280
"""Likewise for LDS."""


def check_ways(best: Seen, candidate: Seen) -> IntegrityCheck:
    """See whether launches come from another process, or calls run side by side on another queue."""
    name = "launch-ways"
    before, now = _lanes(best), _lanes(candidate)
    if not before or not now:
        return not_checked(name, "the trace does not tell who launched what")
    processes, usual = (len({lane.process for lane in lanes}) for lanes in (now, before))
    if processes > usual:
        return failed(name, f"{processes} processes launch the target's kernels, with best {usual}")
    queues, own = (len({(lane.queue, lane.stream) for lane in lanes}) for lanes in (now, before))
    over, known = _overlapping(candidate), _overlapping(best)
    if queues > own and over > known:
        why = f"the target's launches use {queues} queues, with best {own}"
        return failed(name, f"{why}, and {over} calls begin before the one before has ended")
    return passed(name, f"{processes} process, {queues} queues, as with best" if queues <= own else f"{queues} queues")


def _lanes(seen: Seen) -> list[Lane]:
    lanes = seen.recording.lanes if seen.recording else ()
    return [lane for lane in lanes if lane.kernel in seen.targets]


def _overlapping(seen: Seen) -> int:
    """Count timed calls that begin before the one before them has ended."""
    rows = seen.attribution.rows if seen.attribution else ()
    return sum(after[0] < before[1] for row in rows for before, after in pairwise(row.spans_ns))


def check_compiled(best: Seen, candidate: Seen) -> IntegrityCheck:
    """Compare what was launched with the compiled code beside the trace, and with what the device has."""
    name = "compiled-figures"
    if (too_much := _find_too_much(candidate)) and not _find_too_much(best):
        return failed(name, too_much)
    usual, found = _find_misfits(best), _find_misfits(candidate)
    if usual is None or found is None:
        return not_checked(name, "no compiled code lay beside the trace of both")
    if usual:
        return not_checked(name, f"best's own do not fit: {usual[0]}")
    return failed(name, found[0]) if found else passed(name, "registers, LDS and work-groups are those of the code")


def _find_too_much(seen: Seen) -> str:
    """Say that a launch had more LDS than the device gives to a work-group: some runtimes let that pass."""
    agents = seen.recording.agents if seen.recording else ()
    limits = [gfx.max_workgroup_lds_bytes for agent in agents if (gfx := find_gfx(agent.gfx)) is not None]
    most = max(limits, default=None)
    for launch in _launches(seen):
        if most is not None and launch.lds_bytes is not None and launch.lds_bytes > most:
            return f"{launch.kernel} was launched with {launch.lds_bytes} B of LDS, a work-group has {most} at most"
    return ""


def _find_misfits(seen: Seen) -> list[str] | None:
    """Return what was launched otherwise than compiled; None where nothing can be compared."""
    if seen.recording is None:
        return None
    variants: dict[str, list[Compiled]] = {}
    for one in seen.recording.compiled:
        variants.setdefault(one.kernel, []).append(one)
    launches = [one for one in _launches(seen) if base_name(one.kernel) in variants]
    if not launches:
        return None
    return [_tell(one) for one in launches if not any(_fits(one, code) for code in variants[base_name(one.kernel)])]


def _launches(seen: Seen) -> list[Launch]:
    return [launch for launch in (seen.recording.launches if seen.recording else ()) if launch.kernel in seen.targets]


def _fits(launch: Launch, code: Compiled) -> bool:
    """Say whether a launch may be of this code: figures are rounded up, and LDS may be added by the launch."""
    items = math.prod(launch.workgroup) if launch.workgroup else None
    registers = launch.arch_vgpr is None or code.arch_vgpr is None
    registers = registers or 0 <= (launch.arch_vgpr or 0) - (code.arch_vgpr or 0) < REGISTER_GRANULE
    lds = launch.lds_bytes is None or code.lds_bytes is None or launch.lds_bytes > code.lds_bytes - LDS_GRANULE_BYTES
    group = items is None or code.max_workgroup_items is None or items <= code.max_workgroup_items
    scratch = not code.scratch_bytes or launch.scratch_bytes is None or launch.scratch_bytes >= code.scratch_bytes
    return registers and lds and group and scratch


def _tell(launch: Launch) -> str:
    return (
        f"{launch.kernel} ran with {launch.arch_vgpr} registers, {launch.lds_bytes} B of LDS, {launch.scratch_bytes} B "
        f"of scratch and work-groups of {launch.workgroup}, which is no code that was compiled"
    )

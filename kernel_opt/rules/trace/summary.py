"""From a recording to the trace that is kept: kernels by time, and what is to be seen of the target."""

from collections.abc import Iterable, Sequence

from kernel_opt.model.recording import Agent, Launch, Recording
from kernel_opt.model.trace import KernelSummary, TargetKernel, Trace
from kernel_opt.rules.isa.occupancy import find_occupancy
from kernel_opt.rules.trace.hotspots import rank_hotspots, share_stalls
from kernel_opt.rules.trace.kernel_names import base_name

_MAX_DIGITS = 9  # of a device's number; whatever is longer is damage
MAX_KERNELS = 40
"""Kept by name: a torch benchmark launches some dozens; the rest is below a thousandth of the time."""


def summarise_trace(recording: Recording, targets: Sequence[TargetKernel] = ()) -> Trace:
    """Return what is kept of a recording; without targets the hottest kernel stands in for them."""
    kernels = summarise_kernels(recording.launches)
    names = [target.name for target in targets] or [kernel.name for kernel in kernels[:1]]
    kept = [kernel for place, kernel in enumerate(kernels) if place < MAX_KERNELS or kernel.name in names]
    agents = agents_used(recording)
    occupancies = tuple(
        occupancy
        for kernel in kernels
        if kernel.name in names and (occupancy := find_occupancy(kernel, agents[0] if agents else None))
    )
    wanted = {base_name(name) for name in names}
    return Trace(
        total_ns=sum(kernel.total_ns for kernel in kernels),
        kernels=tuple(kept),
        kernels_left_out=len(kernels) - len(kept),
        targets=tuple(targets),
        agents=agents,
        occupancy=occupancies,
        stalls=tuple(share for entry in recording.sites[:MAX_KERNELS] for share in share_stalls(entry)),
        hotspots=rank_hotspots(kernels, recording.sites, occupancies, names),
        counters=tuple(counter for counter in recording.counters if base_name(counter.kernel) in wanted or not kernels),
        isa=_name_fingerprints(recording, kept),
        notes=recording.notes,
    )


def _name_fingerprints(recording: Recording, kernels: Iterable[KernelSummary]) -> dict[str, str]:
    """Return kernel to fingerprint: of its compiled code, else of the instructions that a thread trace listed."""
    listed = {entry.kernel: f"listing:{entry.isa}" for entry in recording.sites if entry.isa is not None}
    compiled = {kernel.name: recording.isa.get(base_name(kernel.name)) for kernel in kernels}
    return listed | {name: fingerprint for name, fingerprint in compiled.items() if fingerprint is not None}


def summarise_kernels(launches: Iterable[Launch]) -> tuple[KernelSummary, ...]:
    """Fold launches by kernel, the most time first."""
    groups: dict[str, list[Launch]] = {}
    for launch in launches:
        groups.setdefault(launch.kernel, []).append(launch)
    total_ns = sum(launch.total_ns for group in groups.values() for launch in group)
    summaries = [_summarise(name, group, total_ns) for name, group in groups.items()]
    return tuple(sorted(summaries, key=lambda summary: (-summary.total_ns, summary.name)))


def _summarise(name: str, group: Sequence[Launch], total_ns: int) -> KernelSummary:
    heaviest = max(group, key=lambda launch: launch.total_ns)
    time_ns = sum(launch.total_ns for launch in group)
    calls = sum(launch.calls for launch in group)
    shortest = [launch.min_ns for launch in group if launch.min_ns is not None]
    longest = [launch.max_ns for launch in group if launch.max_ns is not None]
    return KernelSummary(
        name=name,
        calls=calls,
        total_ns=time_ns,
        average_ns=time_ns / calls,
        share_pct=100 * time_ns / total_ns,
        min_ns=min(shortest, default=None),
        max_ns=max(longest, default=None),
        arch_vgpr=heaviest.arch_vgpr,
        accum_vgpr=heaviest.accum_vgpr,
        sgpr=heaviest.sgpr,
        lds_bytes=heaviest.lds_bytes,
        scratch_bytes=heaviest.scratch_bytes,
        workgroup=heaviest.workgroup,
        grid=heaviest.grid,
        shapes=len(group),
    )


def agents_used(recording: Recording) -> tuple[Agent, ...]:
    """Return the devices that the kernels ran on, as far as the trace tells."""
    labels = {launch.agent for launch in recording.launches if launch.agent is not None}
    found = [agent_of(recording, label) for label in sorted(labels)]
    return tuple(agent for agent in found if agent is not None)


def agent_of(recording: Recording, label: str | None) -> Agent | None:
    """Return the device that a launch's agent label names; None when that cannot be told.

    A bare number is a node id; ``Agent N`` counts all devices, ``GPU N`` the GPUs alone.
    """
    gpus = [agent for agent in recording.agents if agent.is_gpu]
    word, _, number = (label or "").rpartition(" ")
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        return gpus[0] if len(gpus) == 1 else None
    place = int(number)
    if word == "GPU":
        return gpus[place] if place < len(gpus) else None
    same = [agent for agent in recording.agents if place == (agent.logical_node_id if word else agent.node_id)]
    return same[0] if len(same) == 1 else None

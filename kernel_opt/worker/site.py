"""What a node must offer before a card is taken on it; told in words to whoever can change the site."""

from collections.abc import Mapping, Sequence

from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.reading import Reading
from kernel_opt.model.sandbox import SandboxLevel

_GRANTED = "SLURM_JOB_GPUS"
"""Lists the cards of a job, by the scheduler's own numbers."""


def require_walls(level: SandboxLevel) -> None:
    """Refuse a host on which children cannot be held as they were on the daemon's."""
    found = probe_sandbox()
    if found.limit(level) is level:
        return
    why = "; ".join(found.missing) or f"{found.level.value} is what works here"
    mend = "install the same on all nodes, or set sandbox.level lower"
    raise InfrastructureError(f"this host cannot hold children at {level.value}: {why}", mend)


def require_one_card(look: Sequence[Reading], environ: Mapping[str, str]) -> None:
    """Refuse a job that sees more cards than it was granted: nothing would keep it off those of others."""
    granted = len(environ.get(_GRANTED, "0").split(","))
    seen = [reading.card for reading in look if reading.withheld is None]
    if len(seen) > granted:
        told = f"this job was granted {granted} of the cards, but sees {len(seen)}"
        mend = 'have the site set ConstrainDevices or Flags=amd_gpu_env, or use slurm.gpu_request = "whole_node"'
        raise InfrastructureError(told, mend)

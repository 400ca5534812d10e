"""How many cards nobody has, as sinfo counts them: a hint, never a promise."""

import re

from kernel_opt.edges.executors.executor import Capacity
from kernel_opt.edges.executors.slurm_commands import Slurm, SlurmAwayError, SlurmRefusedError
from kernel_opt.model.executor_settings import SlurmSettings

_FIELDS = "NodeList:255,StateCompact:40,Gres:1000,GresUsed:1000"
_WIDTHS = (255, 40, 1000, 1000)
_OPEN = ("idle", "mix")
_CARDS = re.compile(r"\bgpu(?::[^:(,]+)?:(\d+)")


def count_free(slurm: Slurm, settings: SlurmSettings) -> Capacity:
    """Ask for the nodes of the partition and count."""
    where = [f"--partition={settings.partition}"] if settings.partition else []
    try:
        text = slurm.ask(["sinfo", "-h", "-N", *where, "-O", _FIELDS])
    except (SlurmAwayError, SlurmRefusedError) as error:
        return Capacity(None, str(error))
    whole = settings.gpu_request == "whole_node"
    nodes = {line[:255].strip(): line for line in text.splitlines() if len(line) >= _WIDTHS[0]}
    free = sum(_count(line, whole=whole) for name, line in nodes.items() if name not in settings.exclude)
    return Capacity(free, f"free {'nodes' if whole else 'cards'} of {len(nodes)} nodes")


def _count(line: str, *, whole: bool) -> int:
    """Count what is free of one node: its name, state, cards and used cards stand in columns."""
    state, cards, used = line[255:295].strip().lower(), line[295:1295], line[1295:2295]
    if not state.startswith(_OPEN) or state.endswith("*"):
        return 0
    if whole:
        return int(state.startswith("idle"))
    return max(0, _sum(cards) - _sum(used))


def _sum(text: str) -> int:
    return sum(int(number) for number in _CARDS.findall(text))

"""The host's cards and their users as the driver's own tables, or else ``rocminfo``, tell them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.edges.gpus.values import read_count, read_text, read_unique_id
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import GpuUser
from kernel_opt.rules.card.identity import bdf_of_location

HELPER = "kernel_opt.edges.gpus.kfd"
_FIELD = re.compile(r"^  (Name|Marketing Name|Uuid|Node|BDFID|Device Type):\s*(.*?)\s*$", re.MULTILINE)
_AGENT = re.compile(r"^\*+\s*\nAgent \d+\s*\n\*+\s*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuNode:
    """One card as the runtime enumerates it; ``hip_index`` is None for one that the runtime may not open."""

    hip_index: int | None
    node_id: int | None = None
    guid: int | None = None
    bdf: str | None = None
    partition_id: int | None = None
    unique_id: str | None = None
    gfx: str | None = None
    name: str | None = None
    render_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is known of a host beside the readings; each part None when it could not be read."""

    nodes: tuple[GpuNode, ...] | None = None
    users: Mapping[int, tuple[GpuUser, ...]] | None = None
    """By KFD's gpu_id."""
    pids_local: bool | None = None


def read_host(ask_helper: Callable[[str, Sequence[str]], Answer], roots: Sequence[str]) -> Host:
    """Read the driver's tables in a process of its own; nothing is known when that fails."""
    try:
        documents = find_documents(ask_helper(HELPER, roots).stdout)
    except ReadFailedError:
        return Host()
    return parse_host(documents[-1]) if documents else Host()


def parse_host(document: object) -> Host:
    """Read the helper's answer."""
    if not isinstance(document, dict):
        return Host()
    told = cast("Mapping[str, Any]", document)
    pids_local = told.get("pids_local")
    return Host(
        nodes=_read_nodes(told.get("nodes")),
        users=_read_users(told.get("processes")),
        pids_local=pids_local if isinstance(pids_local, bool) else None,
    )


def read_agents(ask: Callable[[Sequence[str]], Answer]) -> tuple[GpuNode, ...] | None:
    """Ask ``rocminfo``, which enumerates as HIP does; None when it cannot tell."""
    try:
        return parse_agents(ask(("rocminfo",)).stdout)
    except ReadFailedError:
        return None


def parse_agents(text: str) -> tuple[GpuNode, ...] | None:
    """Read the GPU agents in their order."""
    agents = [dict(_FIELD.findall(part)) for part in _AGENT.split(text)[1:]]
    gpus = [agent for agent in agents if agent.get("Device Type") == "GPU"]
    return tuple(_read_agent(index, agent) for index, agent in enumerate(gpus)) or None


def _read_agent(index: int, agent: Mapping[str, str]) -> GpuNode:
    location = read_count(agent.get("BDFID"))
    return GpuNode(
        hip_index=index,
        node_id=read_count(agent.get("Node")),
        bdf=None if location is None else bdf_of_location(location, None),
        unique_id=read_unique_id(agent.get("Uuid", "").removeprefix("GPU-")),
        gfx=read_text(agent.get("Name")),
        name=read_text(agent.get("Marketing Name")),
    )


def _read_nodes(nodes: object) -> tuple[GpuNode, ...] | None:
    if not isinstance(nodes, list):
        return None
    entries = [cast("Mapping[str, Any]", entry) for entry in cast("list[Any]", nodes) if isinstance(entry, dict)]
    found: list[GpuNode] = []
    usable = 0
    for entry in entries:
        hip_index = usable if entry.get("usable") is True else None
        usable += hip_index is not None
        found.append(_read_node(entry, hip_index))
    return tuple(found)


def _read_node(entry: Mapping[str, Any], hip_index: int | None) -> GpuNode:
    location = read_count(entry.get("location_id"))
    domain = read_count(entry.get("domain"))
    target = read_count(entry.get("gfx_target_version"))
    return GpuNode(
        hip_index=hip_index,
        node_id=read_count(entry.get("node_id")),
        guid=read_count(entry.get("guid")),
        render_minor=read_count(entry.get("drm_render_minor")) or None,
        bdf=None if location is None else bdf_of_location(location, domain or 0),
        # The driver puts the partition's number above the PCI address.
        partition_id=None if location is None else location >> 28,
        unique_id=read_unique_id(entry.get("unique_id"), base=10),
        gfx=f"gfx{target // 10000}{target // 100 % 100:x}{target % 100:x}" if target else None,
    )


def _read_users(processes: object) -> Mapping[int, tuple[GpuUser, ...]] | None:
    if not isinstance(processes, list):
        return None
    users: dict[int, tuple[GpuUser, ...]] = {}
    for entry in cast("list[Any]", processes):
        if not isinstance(entry, dict):
            return None
        row = cast("Mapping[str, Any]", entry)
        pid, guid = read_count(row.get("pid")), read_count(row.get("guid"))
        if pid is None or guid is None:
            return None
        user = GpuUser(pid, read_text(row.get("name")) or "unknown", read_count(row.get("vram_bytes")))
        users[guid] = (*users.get(guid, ()), user)
    return users

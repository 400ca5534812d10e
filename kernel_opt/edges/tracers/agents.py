"""Which devices there were: the agent_info file that lies beside every trace."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from kernel_opt.edges.tracers.csv_header import read_header, read_rows
from kernel_opt.model.recording import Agent

_MAX_AGENTS = 1024  # Eight cards in 64 partitions and their processors are far below.


def read_agents(path: Path) -> list[Agent]:
    """Read agent_info.csv; what a row does not tell stays unknown."""
    header = read_header(path, ("node_id", "agent_type"))
    return [
        to_agent(dict(zip(header.columns, fields, strict=True)))
        for _, fields in islice(read_rows(path, header), _MAX_AGENTS)
        if len(fields) == len(header.columns)
    ]


def to_agent(fields: Mapping[str, object]) -> Agent:
    """Return an agent from its properties by the tracer's names, in small letters."""

    def number(name: str) -> int | None:
        text = str(fields.get(name, ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    is_gpu = str(fields.get("agent_type", fields.get("type", ""))).upper() in {"GPU", "2"}
    simds, units = number("simd_count") or 0, number("cu_count") or 0
    return Agent(
        is_gpu=is_gpu,
        node_id=number("node_id"),
        logical_node_id=number("logical_node_id"),
        gfx=gfx_name(number("gfx_target_version")),
        name=str(fields.get("product_name") or fields.get("name") or ""),
        gpu_id=number("gpu_id"),
        domain=number("domain"),
        location_id=number("location_id"),
        cu_count=units or None,
        simd_per_cu=simds // units if is_gpu and units and simds % units == 0 and simds else None,
        wave_size=number("wave_front_size") or None,
    )


def gfx_name(version: int | None) -> str | None:
    """Return the compiler's name of a target version: 90402 is gfx942, 90010 is gfx90a."""
    if not version:
        return None
    major, minor, stepping = version // 10000, version // 100 % 100, version % 100
    return f"gfx{major}{minor:x}{stepping:x}"

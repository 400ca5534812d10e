"""Kernel traces as rocprofv3's own JSON. The whole file is in memory once, so its size is bounded: CSV has no bound."""

from pathlib import Path
from typing import Annotated

import msgspec

from kernel_opt.edges.tracers.agents import to_agent
from kernel_opt.edges.tracers.kernel_names import strip_suffix
from kernel_opt.edges.tracers.launch_fold import Shape, is_plausible, to_extent
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.refusal import refuse
from kernel_opt.model.recording import Agent

_MAX_BYTES = 512 << 20


class _Handle(msgspec.Struct):
    handle: int = -1


class _Extent(msgspec.Struct):
    x: int
    y: int
    z: int


_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Info(msgspec.Struct):
    kernel_id: int
    dispatch_id: int
    workgroup_size: _Extent
    grid_size: _Extent
    agent_id: _Handle = msgspec.field(default_factory=_Handle)
    private_segment_size: _Count | None = None
    group_segment_size: _Count | None = None


class _Dispatch(msgspec.Struct):
    start_timestamp: int
    end_timestamp: int
    dispatch_info: _Info


class _Symbol(msgspec.Struct):
    kernel_id: int
    kernel_name: str = ""
    formatted_kernel_name: str = ""
    demangled_kernel_name: str = ""
    sgpr_count: _Count | None = None
    arch_vgpr_count: _Count | None = None
    accum_vgpr_count: _Count | None = None

    def best_name(self) -> str:
        """Return the name that the CSV would show."""
        return strip_suffix(self.formatted_kernel_name or self.demangled_kernel_name or self.kernel_name)


class _Buffers(msgspec.Struct):
    kernel_dispatch: list[_Dispatch] = []


class _Process(msgspec.Struct):
    agents: list[dict[str, object]] = []
    kernel_symbols: list[_Symbol] = []
    buffer_records: _Buffers = msgspec.field(default_factory=_Buffers)


class _Document(msgspec.Struct, rename={"tool": "rocprofiler-sdk-tool"}):
    tool: list[_Process]


def read_sdk_json(path: Path, table: LaunchTable) -> tuple[list[Agent], str | None]:
    """Read one file into the table; return its agents, and a note when it holds no dispatch."""
    if path.stat().st_size > _MAX_BYTES:
        raise refuse(path, None, f"larger than {_MAX_BYTES >> 20} MiB", "trace again with --output-format csv")
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except msgspec.ValidationError as error:
        raise refuse(path, None, f"this is no result of rocprofv3 ({error})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refuse(path, None, f"the file is cut off or damaged ({error})") from None
    agents: list[Agent] = []
    count = 0
    for place, process in enumerate(document.tool):
        agents += [agent for agent in map(to_agent, process.agents) if agent not in agents]
        labels = {_handle_of(fields): f"Agent {fields.get('logical_node_id', '?')}" for fields in process.agents}
        symbols = {symbol.kernel_id: symbol for symbol in process.kernel_symbols}
        for record in process.buffer_records.kernel_dispatch:
            count += 1
            _add(path, place, record, symbols, labels, table)
    table.flush()
    return agents, None if count else f"{path.name} holds no dispatch"


def _handle_of(fields: dict[str, object]) -> int:
    try:
        return msgspec.convert(fields.get("id"), _Handle).handle
    except msgspec.ValidationError:
        return -2  # No dispatch says so.


def _add(
    path: Path, place: int, record: _Dispatch, symbols: dict[int, _Symbol], labels: dict[int, str], table: LaunchTable
) -> None:
    info = record.dispatch_info
    start, end = record.start_timestamp, record.end_timestamp
    if not is_plausible(end - start, end - start) or not 0 <= start < 2**63 or not 0 <= info.dispatch_id < 2**63:
        raise refuse(path, None, f"dispatch {info.dispatch_id} has no times that can be right: {start} to {end}")
    symbol = symbols.get(info.kernel_id)
    name = (
        strip_suffix(symbol.formatted_kernel_name or symbol.demangled_kernel_name or symbol.kernel_name)
        if symbol
        else ""
    )
    if symbol is None or not name:
        raise refuse(path, None, f"dispatch {info.dispatch_id} is of kernel {info.kernel_id}, which has no name here")
    group, grid = info.workgroup_size, info.grid_size
    shape = Shape(
        workgroup=to_extent(group.x, group.y, group.z),
        grid=to_extent(grid.x, grid.y, grid.z),
        lds_bytes=info.group_segment_size,
        scratch_bytes=info.private_segment_size,
        arch_vgpr=symbol.arch_vgpr_count,
        accum_vgpr=symbol.accum_vgpr_count,
        sgpr=symbol.sgpr_count,
    )
    label = labels.get(info.agent_id.handle)
    fold = table.open((place, name, label, shape), name, label, shape)
    if fold.is_kept:
        fold.starts.append(start)
        fold.ids.append(info.dispatch_id)
    fold.durations.append(end - start)

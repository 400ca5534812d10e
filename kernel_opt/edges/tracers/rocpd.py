"""Kernel traces as a rocpd database, the default of rocprofv3 since ROCm 7."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

from kernel_opt.edges.tracers.agents import to_agent
from kernel_opt.edges.tracers.kernel_names import strip_suffix
from kernel_opt.edges.tracers.launch_fold import Shape, is_plausible, to_extent
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.refusal import refuse
from kernel_opt.model.recording import Agent

_DISPATCHES = """
    SELECT d.id, d.start, d."end", d.dispatch_id, d.guid, d.kernel_id, d.agent_id,
           d.workgroup_size_x, d.workgroup_size_y, d.workgroup_size_z, d.grid_size_x, d.grid_size_y, d.grid_size_z,
           d.group_segment_size, d.private_segment_size
    FROM rocpd_kernel_dispatch d"""
_SYMBOLS = """
    SELECT guid, id, display_name, kernel_name, arch_vgpr_count, accum_vgpr_count, sgpr_count
    FROM rocpd_info_kernel_symbol"""
_AGENTS = "SELECT guid, id, type, logical_index, name, product_name, extdata FROM rocpd_info_agent"
_STRANGERS = (("KERN", "a result of rocprof v1"), ("rocpd_op", "a rocmProfileData trace"))

_FLUSH_ROWS = 1 << 16


def read_rocpd(path: Path, table: LaunchTable) -> tuple[list[Agent], str | None]:
    """Read one database into the table; return its agents, and a note when it holds no dispatch."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = _read_text
            _check(path, database)
            agents, labels = _read_agents(database)
            count = _read_dispatches(path, database, labels, table)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # its complaint about a damaged schema may hold any bytes
        raise refuse(path, None, f"the database is cut off or damaged ({error})") from None
    return agents, None if count else f"{path.name} holds no dispatch"


def _read_text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _check(path: Path, database: sqlite3.Connection) -> None:
    names = {str(row[0]) for row in database.execute("SELECT name FROM sqlite_master")}
    if "rocpd_kernel_dispatch" in names and "rocpd_metadata" in names:
        return
    found = next((whose for sign, whose in _STRANGERS if sign in names), None)
    if any(name.startswith("compute_") for name in names):
        found = "a database of rocprofiler-compute"
    raise refuse(path, None, f"this is {found or 'no rocpd database'}", "give what rocprofv3 --kernel-trace wrote")


def _read_agents(database: sqlite3.Connection) -> tuple[list[Agent], dict[tuple[str, int], str]]:
    agents: list[Agent] = []
    labels: dict[tuple[str, int], str] = {}
    for guid, number, kind, logical, name, product, extra in database.execute(_AGENTS):
        labels[guid, number] = f"Agent {logical}"
        known = {"agent_type": kind, "logical_node_id": logical, "name": name, "product_name": product}
        agent = to_agent({**_parse_object(extra), **known})
        if agent not in agents:
            agents.append(agent)
    return agents, labels


def _parse_object(text: object) -> dict[str, object]:
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return cast(dict[str, object], found) if isinstance(found, dict) else {}


def _read_dispatches(
    path: Path, database: sqlite3.Connection, labels: dict[tuple[str, int], str], table: LaunchTable
) -> int:
    symbols = {(row[0], row[1]): _Symbol(*row[2:]) for row in database.execute(_SYMBOLS)}
    count = 0
    for row in database.execute(_DISPATCHES):
        row_id, start, end, dispatch, guid, kernel_id, agent_id, *sizes = row
        count += 1
        numbers = (start, end, dispatch, *sizes)
        if not all(type(value) is int and value >= 0 for value in numbers) or not is_plausible(
            end - start, end - start
        ):
            raise refuse(path, None, f"row {row_id} of the dispatches has no times or sizes that can be right")
        key = (guid, kernel_id, agent_id, *sizes)
        fold = table.folds.get(key)
        if fold is None:
            symbol = symbols.get((guid, kernel_id))
            if symbol is None or not symbol.name:
                raise refuse(path, None, f"dispatch {dispatch} is of kernel {kernel_id}, which has no name here")
            fold = table.open(key, symbol.name, labels.get((guid, agent_id)), symbol.shape(sizes))
        if fold.is_kept:
            fold.starts.append(start)
            fold.ids.append(dispatch)
        fold.durations.append(end - start)
        if count % _FLUSH_ROWS == 0:
            table.flush()
    table.flush()
    return count


class _Symbol:
    """A kernel's name and registers, as the database has them once per kernel."""

    def __init__(self, shown: object, raw: object, *registers: object) -> None:
        # A column of a database may hold anything in any row.
        names = [name for name in (shown, raw) if isinstance(name, str) and name]
        self.name = strip_suffix(names[0]) if names else ""
        self._registers = [value if isinstance(value, int) and value >= 0 else None for value in registers]

    def shape(self, sizes: Sequence[int]) -> Shape:
        """Return the launch's shape from the row's sizes: work-group, grid, LDS, scratch."""
        group_x, group_y, group_z, grid_x, grid_y, grid_z, lds, scratch = sizes
        arch, accumulators, scalars = self._registers
        return Shape(
            workgroup=to_extent(group_x, group_y, group_z),
            grid=to_extent(grid_x, grid_y, grid_z),
            lds_bytes=lds,
            scratch_bytes=scratch,
            arch_vgpr=arch,
            accum_vgpr=accumulators,
            sgpr=scalars,
        )

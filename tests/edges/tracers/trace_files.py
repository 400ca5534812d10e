"""Trace files as the tools write them, small and made for the test."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

IDS = {
    16: ["Kind", "Agent_Id", "Queue_Id", "Kernel_Id", "Kernel_Name", "Correlation_Id"],
    18: ["Kind", "Agent_Id", "Queue_Id", "Thread_Id", "Dispatch_Id", "Kernel_Id", "Kernel_Name", "Correlation_Id"],
    22: [
        *["Kind", "Agent_Id", "Queue_Id", "Stream_Id", "Thread_Id", "Dispatch_Id", "Kernel_Id", "Kernel_Name"],
        "Correlation_Id",
    ],
}
IDS[23] = ["Guid", *IDS[22]]
SIZES = {
    16: ["Private_Segment_Size", "Group_Segment_Size"],
    18: ["Private_Segment_Size", "Group_Segment_Size"],
    22: ["LDS_Block_Size", "Scratch_Size", "VGPR_Count", "Accum_VGPR_Count", "SGPR_Count"],
    23: ["Lds_Block_Size", "Scratch_Size", "Vgpr_Count", "Accum_Vgpr_Count", "Sgpr_Count"],
}
SHAPE = [f"{kind}_Size_{axis}" for kind in ("Workgroup", "Grid") for axis in "XYZ"]
WIDTHS = tuple(IDS)
START = 1_550_151_853_029_637


def columns(width: int) -> list[str]:
    """The header of a generation."""
    return [*IDS[width], "Start_Timestamp", "End_Timestamp", *SIZES[width], *SHAPE]


def row(width: int, name: str, start: object, end: object, dispatch: int = 1, grid: object = 1024) -> str:
    """One dispatch, quoted as the tool does: texts in quotes, nothing escaped but by rocpd2csv."""
    quoted = name.replace('"', '""') if width == 23 else name
    known = {
        "Guid": '"00006409-00d1-70d1-a5cb-b5ab88214544"',
        "Kind": '"KERNEL_DISPATCH"',
        "Agent_Id": '"Agent 4"' if width >= 22 else 4,
        "Dispatch_Id": dispatch,
        "Kernel_Name": f'"{quoted}"',
        "Start_Timestamp": start,
        "End_Timestamp": end,
        "VGPR_Count": 128,
        "Vgpr_Count": 128,
        "Grid_Size_X": grid,
        "Workgroup_Size_X": 64,
    }
    return ",".join(
        str(known.get(column, 0 if column.endswith("Size") or "Scratch" in column else 1)) for column in columns(width)
    )


def text(width: int, rows: Iterable[str]) -> str:
    """A whole file."""
    return "\n".join([",".join(f'"{column}"' for column in columns(width)), *rows]) + "\n"


def write(path: Path, content: str | bytes) -> Path:
    """Put a file where it belongs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


AGENTS = (
    '"Node_Id","Logical_Node_Id","Agent_Type","Simd_Count","Wave_Front_Size","Cu_Count","Gfx_Target_Version",'
    '"Location_Id","Domain","Gpu_Id","Name","Product_Name"\n'
    '0,0,"CPU",0,0,48,0,0,0,0,"EPYC","EPYC"\n'
    '4,4,"GPU",1216,64,304,90402,29952,0,12605,"gfx942","MI300X"\n'
)


def write_rocpd(path: Path, dispatches: Iterable[tuple[int, int, int]], *, kernel: int = 3) -> Path:
    """A database with one kernel; each dispatch is its number, start and end."""
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE rocpd_metadata(tag, value);
            CREATE TABLE rocpd_info_agent(guid, id, type, logical_index, name, product_name, extdata);
            CREATE TABLE rocpd_info_kernel_symbol(
                guid, id, kernel_name, display_name, arch_vgpr_count, accum_vgpr_count, sgpr_count);
            CREATE TABLE rocpd_kernel_dispatch(
                id INTEGER PRIMARY KEY, guid, kernel_id, agent_id, dispatch_id, start, "end",
                workgroup_size_x, workgroup_size_y, workgroup_size_z, grid_size_x, grid_size_y, grid_size_z,
                group_segment_size, private_segment_size);
            INSERT INTO rocpd_info_agent VALUES ('g', 7, 'GPU', 2, 'gfx950', 'MI350X',
                '{"gfx_target_version": 90500, "cu_count": 256, "simd_count": 1024, "node_id": 2}');
            INSERT INTO rocpd_info_agent VALUES ('g', 8, 'CPU', 0, 'EPYC', 'EPYC', 'no object');
            INSERT INTO rocpd_info_kernel_symbol VALUES ('g', 3, 'pa_main.kd', 'pa_main', 96, 32, 48);
            INSERT INTO rocpd_info_kernel_symbol VALUES ('g', 4, '', '', -1, NULL, 48);
            """
        )
        database.executemany(
            'INSERT INTO rocpd_kernel_dispatch(guid, kernel_id, agent_id, dispatch_id, start, "end",'
            " workgroup_size_x, workgroup_size_y, workgroup_size_z, grid_size_x, grid_size_y, grid_size_z,"
            " group_segment_size, private_segment_size) VALUES ('g', ?, 7, ?, ?, ?, 64, 1, 1, 1024, 1, 1, 512, 0)",
            [(kernel, number, start, end) for number, start, end in dispatches],
        )
    database.close()
    return path

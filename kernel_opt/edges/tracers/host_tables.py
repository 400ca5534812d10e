"""From what the host sampler wrote down to the rows of rocprofv3's tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_opt.edges.tracers.host_lines import Library
from kernel_opt.model.errors import ReadFailedError

KERNEL_TRACE = (
    "Kind,Agent_Id,Queue_Id,Stream_Id,Thread_Id,Dispatch_Id,Kernel_Id,Kernel_Name,Correlation_Id,"
    "Start_Timestamp,End_Timestamp,LDS_Block_Size,Scratch_Size,VGPR_Count,Accum_VGPR_Count,SGPR_Count,"
    "Workgroup_Size_X,Workgroup_Size_Y,Workgroup_Size_Z,Grid_Size_X,Grid_Size_Y,Grid_Size_Z"
)
PC_SAMPLING = "Sample_Timestamp,Exec_Mask,Dispatch_Id,Instruction,Instruction_Comment,Correlation_Id"
AGENT_INFO = (
    "Node_Id,Logical_Node_Id,Agent_Type,Cpu_Cores_Count,Simd_Count,Cpu_Core_Id_Base,Simd_Id_Base,Max_Waves_Per_Simd,"
    "Lds_Size_In_Kb,Gds_Size_In_Kb,Num_Gws,Wave_Front_Size,Num_Xcc,Cu_Count,Array_Count,Num_Shader_Banks,"
    "Simd_Arrays_Per_Engine,Cu_Per_Simd_Array,Simd_Per_Cu,Max_Slots_Scratch_Cu,Gfx_Target_Version,Vendor_Id,Device_Id,"
    "Location_Id,Domain,Drm_Render_Minor,Num_Sdma_Engines,Num_Sdma_Xgmi_Engines,Num_Sdma_Queues_Per_Engine,"
    "Num_Cp_Queues,Max_Engine_Clk_Ccompute,Max_Engine_Clk_Fcompute,Sdma_Fw_Version,Fw_Version,Capability,"
    "Cu_Per_Engine,Max_Waves_Per_Cu,Family_Id,Workgroup_Max_Size,Grid_Max_Size,Local_Mem_Size,Hive_Id,Gpu_Id,"
    "Workgroup_Max_Dim_X,Workgroup_Max_Dim_Y,Workgroup_Max_Dim_Z,Grid_Max_Dim_X,Grid_Max_Dim_Y,Grid_Max_Dim_Z,"
    "Name,Vendor_Name,Product_Name,Model_Name"
)
_AGENT_TEXTS = frozenset({"Agent_Type", "Name", "Vendor_Name", "Product_Name", "Model_Name"})

Row = list[str | int]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One executable file in the traced process."""

    start: int
    end: int
    offset: int
    path: str


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch; ``grid`` counts work-items, as rocprofv3 does."""

    tid: int
    start_ns: int
    cpu_ns: int
    grid: tuple[int, ...]
    group: tuple[int, ...]
    name: str


@dataclass(slots=True)
class Raw:
    """What the sampler wrote down."""

    mappings: list[Mapping] = field(default_factory=list[Mapping])
    launches: list[Launch] = field(default_factory=list[Launch])
    samples: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """When, program counter, dispatch."""


def read_raw(lines: Iterable[str]) -> Raw:
    """Read the sampler's own file."""
    raw = Raw()
    for line in lines:
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "M":
            span, _, offset, _, _, path = rest.split(maxsplit=5)
            start, _, end = span.partition("-")
            raw.mappings.append(Mapping(int(start, 16), int(end, 16), int(offset, 16), path))
        elif kind == "L":
            *numbers, name = rest.split(" ", maxsplit=9)
            tid, start_ns, cpu_ns, *sizes = map(int, numbers)
            raw.launches.append(Launch(tid, start_ns, cpu_ns, tuple(sizes[:3]), tuple(sizes[3:]), name))
        elif kind == "S":
            at_ns, pc, dispatch = rest.split()
            raw.samples.append((int(at_ns), int(pc, 16), int(dispatch)))
        else:
            raise ReadFailedError("the host tracer ran out of room for launches or samples", "trace a shorter command")
    return raw


class Places:
    """From program counters to instructions and source lines; each file is read once."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        self._mappings = mappings
        self._libraries: dict[str, Library | None] = {}

    def name(self, pc: int) -> tuple[str, str]:
        """Return the function, else the file, and its `file:line`; empty where unknown.

        The function stands for the instruction, whose text only a disassembler would tell: samples of one line are
        then one place, which is what a person can change.
        """
        for mapping in self._mappings:
            if mapping.start <= pc < mapping.end:
                library = self._open(mapping.path)
                address = None if library is None else library.address_of(pc - mapping.start + mapping.offset)
                if library is None or address is None:
                    return Path(mapping.path).name, ""
                return library.name_function(address) or Path(mapping.path).name, library.find_line(address)
        return "", ""

    def _open(self, path: str) -> Library | None:
        if path not in self._libraries:
            try:
                self._libraries[path] = Library(Path(path))
            except (OSError, ReadFailedError):
                # The program may have deleted or rewritten it: its samples count, without a line.
                self._libraries[path] = None
        return self._libraries[path]


def kernel_rows(raw: Raw, agent: str) -> list[Row]:
    """Return the launches as rows of kernel_trace.csv; what only a GPU has is 0.

    A launch ends at its start plus the CPU time it used, so that durations leave out the time the thread had no core.
    """
    kernel_ids: dict[str, int] = {}
    rows: list[Row] = []
    for dispatch, launch in enumerate(raw.launches, 1):
        kernel_id = kernel_ids.setdefault(launch.name, len(kernel_ids) + 1)
        ids: Row = ["KERNEL_DISPATCH", agent, 1, 0, launch.tid, dispatch, kernel_id, launch.name, dispatch]
        times = (launch.start_ns, launch.start_ns + launch.cpu_ns)
        rows.append([*ids, *times, 0, 0, 0, 0, 0, *launch.group, *launch.grid])
    return rows


def sample_rows(raw: Raw) -> list[Row]:
    """Return the samples as rows of pc_sampling_host_trap.csv; a thread is one active lane."""
    places = Places(raw.mappings)
    return [[at_ns, 1, dispatch, *places.name(pc), dispatch] for at_ns, pc, dispatch in raw.samples]


def agent_row(cpus: Sequence[int], name: str) -> Row:
    """Return the one agent: the group of cores the command ran on. Like rocprofv3, unknown is 0 or empty."""
    known: dict[str, str | int] = {
        "Node_Id": cpus[0],
        "Logical_Node_Id": cpus[0],
        "Agent_Type": "CPU",
        "Cpu_Cores_Count": len(cpus),
        "Cpu_Core_Id_Base": cpus[0],
        "Name": name,
        "Product_Name": name,
    }
    return [known.get(column, "" if column in _AGENT_TEXTS else 0) for column in AGENT_INFO.split(",")]

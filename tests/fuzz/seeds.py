"""Small, true outputs of the tools, for a fuzzer to spoil."""

import base64
import json
import struct
import tempfile
import zlib
from pathlib import Path

from tests.edges.tracers.trace_files import AGENTS, START, WIDTHS, row, text, write_rocpd

CARD = {
    "GPU ID": "0x74a1",
    "Unique ID": "0x8d1457e2c20f59d2",
    "PCI Bus": "0000:26:00.0",
    "GPU use (%)": "7",
    "VRAM Total Memory (B)": "206141652992",
    "VRAM Total Used Memory (B)": "296747008",
    "sclk clock speed:": "(131Mhz)",
    "mclk clock level:": "S: (900Mhz)",
    "Temperature (Sensor junction) (C)": "35.0",
    "Max Graphics Package Power (W)": "750.0",
    "Current Socket Graphics Package Power (W)": "133.0",
    "Performance Level": "auto",
    "Compute Partition": "SPX",
    "Card Series": "AMD Instinct MI300X",
    "Node ID": "2",
    "GUID": "28851",
    "GFX Version": "gfx942",
}
"""What one card is in rocm-smi's JSON."""
_PIDS = {"PID4711": "python3, 1, 34340388864, 0, 83", "PID9": "two words, 0, 0, unknown, 4294967295"}
ROCM_SMI = json.dumps({"card0": CARD, "card1": {**CARD, "GUID": "9", "Node ID": "3"}, "system": _PIDS})


def quantity(value: object, unit: str) -> dict[str, object]:
    """A number as amd-smi writes it."""
    return {"value": value, "unit": unit}


METRIC = {
    "gpu": 0,
    "usage": {
        "gfx_activity": quantity(42, "%"),
        "umc_activity": "N/A",
        "gfx_busy_inst": {"xcp_0": [quantity(3, "%"), "N/A"], "xcp_1": [99]},
    },
    "mem_usage": {"total_vram": quantity(196592, "MB"), "used_vram": quantity(283, "MB")},
    "power": {"socket_power": quantity(133, "W"), "throttle_status": "UNTHROTTLED"},
    "clock": {"gfx_0": {"clk": quantity(131, "MHz")}, "mem_0": {"clk": quantity(900, "MHz")}},
    "temperature": {"edge": "N/A", "hotspot": quantity(35, "C")},
    "throttle": {"ppt_violation_status": "NOT ACTIVE"},
    "perf_level": "AMDSMI_DEV_PERF_LEVEL_AUTO",
}
_IDENTITY = {"gpu": 0, "bdf": "0000:0C:00.0", "kfd_id": 45412, "node_id": 1, "partition_id": 0}
_LIMITS = {"gpu": 0, "limit": {"max_power": quantity(750, "W"), "socket_power": quantity(700, "W")}}
_MEMORY = {"gtt_mem": quantity(0, "B"), "vram_mem": quantity(1 << 34, "B")}
_PROCESS = {"name": "python3", "pid": 4711, "memory_usage": _MEMORY, "cu_occupancy": "N/A"}
_PROCESSES = {"gpu": 0, "process_list": [{"process_info": _PROCESS}, {"process_info": "N/A"}]}
_BY_PID = {"pid": 7, "name": "x", "gpus": [{"gpu_index": 0, "memory_usage": _MEMORY}]}
BETWEEN = "\x1e"
"""Between the documents of one host, which a tool prints one by one."""
AMD_SMI = BETWEEN.join(
    json.dumps(document)
    for document in ({"gpu_data": [METRIC]}, [_IDENTITY], {"gpu_data": [_LIMITS]}, [_PROCESSES, _BY_PID])
)
ROCMINFO = """\
*******
Agent 1
*******
  Name:                    AMD EPYC
  Uuid:                    CPU-XX
  Device Type:             CPU
*******
Agent 2
*******
  Name:                    gfx942
  Uuid:                    GPU-8d1457e2c20f59d2
  Marketing Name:          AMD Instinct MI300X
  Node:                    2
  Device Type:             GPU
  BDFID:                   9728
"""
HOST = json.dumps(
    {
        "nodes": [
            {
                "node_id": 2,
                "guid": 28851,
                "usable": True,
                "location_id": "9728",
                "domain": "0",
                "unique_id": "10165748339158505938",
                "gfx_target_version": "90402",
            }
        ],
        "processes": [{"pid": 4711, "name": "train", "guid": 28851, "vram_bytes": 1 << 34}],
        "pids_local": True,
    }
)
NODE = "simd_count 1216\ngfx_target_version 90402\nlocation_id 9728\ndomain 0\ndrm_render_minor 128\nunique_id 7\n"
PYRSMI = json.dumps(
    {
        "cards": [
            {"name": "MI210", "pci_id": 9728, "use_pct": 3, "vram_used": 1 << 24, "vram_total": 1 << 36, "power_w": 90}
        ],
        "pids": [4711, -1],
        "own_pid": 7,
    }
)
KERNEL_CSV = [
    text(width, [row(width, name, START + 9 * turn, START + 9 * turn + 5, turn) for turn, name in enumerate(names, 1)])
    for width in WIDTHS
    for names in [("pa_main", 'void k<"a", 4>(int, float*)', "__amd_rocclr_fillBufferAligned.kd")]
]
KERNEL_STATS = (
    '"Name","Calls","TotalDurationNs","AverageNs","Percentage","MinNs","MaxNs","StdDev"\n'
    '"void k<4, 2>(int)",12,4800,400.0,9.145e-05,300,500,0.00000000e+00\n'
)
COUNTERS = (
    '"Correlation_Id","Dispatch_Id","Agent_Id","Kernel_Name","Counter_Name","Counter_Value"\n'
    '1,1,"Agent 4","void k<4, 2>(int)","SQ_WAVES",2432.0\n2,2,4,"k.kd","TCC_HIT_sum",0.00000000e+00\n'
)
PC_SAMPLING = (
    '"Sample_Timestamp","Exec_Mask","Dispatch_Id","Instruction","Instruction_Comment","Correlation_Id",'
    '"Wave_Issued_Instruction","Stall_Reason"\n'
    '1,255,1,"s_waitcnt vmcnt(0)","/src/k.py:7",1,0,"ROCPROFILER_PC_SAMPLING_INSTRUCTION_NOT_ISSUED_REASON_WAITCNT"\n'
)
ATT_STATS = (
    '"CodeObj","Vaddr","Instruction","Hitcount","Latency","Stall","Idle","Source"\n'
    '1,4096,"; _Z7pa_mainv",0,0,0,0,"void pa_main<4>(float*)"\n'
    '1,4096,"s_waitcnt vmcnt(0)",64,9000,8000,100,"a.h:3 -> pa.hip:9"\n'
)
_CODE = [
    ["; _Z7pa_mainv", 0, 0, "void pa_main<4>(float*)", 2, 64, 0, 0, 0, 0],
    ["s_load_dwordx4 s[12:15], s[0:1], 0x28", 0, 1, "a.h:3 -> pa.hip:9", 2, 64, 4, 40, 30, 0],
    ['v_odd_b32 "], [" v0', 0, 2, None, 2, 76, 4, 8, 0, 5],
]
_HEADER = "ISA, _, LineNumber, Source, Codeobj, Vaddr, Hit, Latency, Stall, Idle"
ATT_CODE = [
    json.dumps({"code": _CODE, "header": _HEADER, "version": "3.0.0"}),
    json.dumps({"code": [[*one, 2, 5, [1, 4]] for one in _CODE], "header": _HEADER.split(", ")}, indent=4),
    json.dumps({"code": None, "header": _HEADER}),
]
_DISPATCH = {
    "start_timestamp": START,
    "end_timestamp": START + 50,
    "dispatch_info": {
        "agent_id": {"handle": 37946},
        "kernel_id": 1,
        "dispatch_id": 3,
        "private_segment_size": 0,
        "group_segment_size": 512,
        "workgroup_size": {"x": 64, "y": 1, "z": 1},
        "grid_size": {"x": 4096, "y": 1, "z": 1},
    },
}
_SYMBOL = {"kernel_id": 1, "kernel_name": "pa_main.kd", "arch_vgpr_count": 96, "accum_vgpr_count": 0, "sgpr_count": 48}
_AGENT = {"id": {"handle": 37946}, "type": 2, "node_id": 4, "logical_node_id": 4, "gfx_target_version": 90402}
_RESULT = {"agents": [_AGENT], "kernel_symbols": [_SYMBOL], "buffer_records": {"kernel_dispatch": [_DISPATCH]}}
SDK_JSON = json.dumps({"rocprofiler-sdk-tool": [_RESULT]})
AGENT_INFO = AGENTS


def make_rocpd() -> bytes:
    """Return a database of two dispatches."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_rocpd(Path(folder) / "r.db", [(1, START, START + 10), (2, START + 50, START + 80)])
        return path.read_bytes()


_ISA = Path(__file__).parents[1] / "data" / "isa"
ISA_TEXTS = tuple((_ISA / name).read_bytes() for name in ("scale.gfx942.s", "scale.gfx1201.s", "triton/total.amdgcn"))
ISA_OBJECTS = tuple(
    base64.b64decode((_ISA / f"{name}.b64").read_bytes()) for name in ("scale.gfx942.hsaco", "scale.gfx1201.o")
)
ISA_TRITON = (b"\x1e".join((_ISA / f"triton/total.{kind}").read_bytes() for kind in ("amdgcn", "json")),)
HOST_ASSEMBLY = (
    '\t.file\t"k.c"\n\t.type\tpa_main, @function\npa_main:\n.LFB1:\n\t.cfi_startproc\n\tsubq\t$136, %rsp\n'
    "\tvmovups\t%zmm0, 16(%rsp)\n\tjne\t.L3\n.L3:\n\tret\n\t.size\tpa_main, .-pa_main\n.LC0:\n\t.long\t1065353216\n"
)


def make_bundles() -> tuple[bytes, ...]:
    """Return a code object for one target, packed plainly and compressed."""
    target = b"hipv4-amdgcn-amd-amdhsa--gfx942"
    start = 32 + 24 + len(target)
    head = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<QQQQ", 1, start, len(ISA_OBJECTS[0]), len(target))
    plain = head + target + ISA_OBJECTS[0]
    body = zlib.compress(plain)
    return plain, struct.pack("<4sHHIIQ", b"CCOB", 2, 0, 24 + len(body), len(plain), 0) + body

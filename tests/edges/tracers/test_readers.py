"""Databases, JSON, thread traces, samples, counters, agents: read right, or refused with a reason."""

import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_opt.edges.tracers import att_code, sdk_json
from kernel_opt.edges.tracers.agents import gfx_name, read_agents
from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.rocpd import read_rocpd
from kernel_opt.edges.tracers.site_table import MAX_SITES
from kernel_opt.model.errors import ReadFailedError
from tests.edges.tracers.trace_files import AGENTS, START, row, text, write, write_rocpd


def test_agents(tmp_path):
    """Processors and cards are told apart; the card's target is named as the compiler does."""
    cpu, gpu = read_agents(write(tmp_path / "a.csv", AGENTS))
    assert (cpu.is_gpu, cpu.gfx, cpu.name) == (False, None, "EPYC")
    assert (gpu.is_gpu, gpu.gfx, gpu.gpu_id, gpu.location_id) == (True, "gfx942", 12605, 29952)
    assert (gpu.cu_count, gpu.simd_per_cu, gpu.wave_size) == (304, 4, 64)


@pytest.mark.parametrize(
    ("version", "name"), [(90402, "gfx942"), (90010, "gfx90a"), (90500, "gfx950"), (120001, "gfx1201"), (0, None)]
)
def test_gfx_names(version, name):
    """The stepping is a digit of base 16."""
    assert gfx_name(version) == name


def test_rocpd(tmp_path):
    """A database gives launches with registers, dispatches in order, and its agents."""
    path = write_rocpd(tmp_path / "1_results.db", [(2, START + 50, START + 80), (1, START, START + 10)])
    recording = read_folder(path)
    (launch,) = recording.launches
    assert (launch.kernel, launch.calls, launch.total_ns, launch.agent) == ("pa_main", 2, 40, "Agent 2")
    assert (launch.arch_vgpr, launch.accum_vgpr, launch.sgpr, launch.lds_bytes) == (96, 32, 48, 512)
    assert [record.dispatch_id for record in recording.dispatches] == [1, 2]
    assert [agent.gfx for agent in recording.agents] == ["gfx950", None]


def test_an_empty_database_is_noted(tmp_path):
    """No kernel ran: that is said, and no number is made of it."""
    recording = read_folder(write_rocpd(tmp_path / "1_results.db", []))
    assert recording.launches == ()
    assert recording.notes == ("1_results.db holds no dispatch",)


def test_a_large_database_is_summed_as_it_is_read(tmp_path, monkeypatch):
    """Dispatches beyond the limit are not listed."""
    monkeypatch.setattr("kernel_opt.edges.tracers.rocpd._FLUSH_ROWS", 4)
    path = write_rocpd(tmp_path / "1.db", [(number, START + number, START + number + 10) for number in range(20)])
    table = LaunchTable(max_dispatches=9)
    read_rocpd(path, table)
    assert table.to_launches()[1:] == ((), 20)


@pytest.mark.parametrize(
    "times", [(1, START, START), (1, START, 2**63 - 1), (-1, START, START + 5), ("x", START, START + 1)]
)
def test_impossible_rows_of_a_database(tmp_path, times):
    """A row whose times cannot be right is named."""
    with pytest.raises(ReadFailedError, match=r"r\.db: row 1 of the dispatches"):
        read_folder(write_rocpd(tmp_path / "r.db", [times]))


@pytest.mark.parametrize("kernel", [4, 5])
def test_dispatches_of_a_kernel_without_a_name(tmp_path, kernel):
    """Time of nobody is refused, not dropped."""
    with pytest.raises(ReadFailedError, match=f"dispatch 1 is of kernel {kernel}, which has no name"):
        read_folder(write_rocpd(tmp_path / "r.db", [(1, START, START + 5)], kernel=kernel))


@pytest.mark.parametrize(
    ("table", "whose"),
    [
        ("KERN", "a result of rocprof v1"),
        ("compute_kernel", "rocprofiler-compute"),
        ("rocpd_op", "rocmProfileData"),
        ("t", "no rocpd"),
    ],
)
def test_other_databases_are_refused(tmp_path, table, whose):
    """The same extension, another tool."""
    with sqlite3.connect(tmp_path / "r.db") as database:
        database.execute(f"CREATE TABLE {table}(x)")
    database.close()
    with pytest.raises(ReadFailedError, match=f"this is .*{whose}"):
        read_folder(tmp_path / "r.db")


@settings(deadline=None)
@given(st.data())
def test_damaged_databases(tmp_path_factory, data):
    """A cut or overwritten database gives our error or a recording."""
    path = write_rocpd(tmp_path_factory.mktemp("d") / "r.db", [(1, START, START + 5)])
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut] + data.draw(st.binary(max_size=64)) + whole[cut + data.draw(st.integers(0, 2000)) :])
    try:
        read_folder(path)
    except ReadFailedError as error:
        assert "r.db" in str(error)


def sdk(**changes):
    """A result of rocprofv3 as JSON."""
    extent = {"x": 64, "y": 1, "z": 1}
    info = {
        "agent_id": {"handle": 37946},
        "kernel_id": 1,
        "dispatch_id": 1,
        "workgroup_size": extent,
        "grid_size": extent,
    }
    record = {"start_timestamp": START, "end_timestamp": START + 7, "dispatch_info": info, **changes}
    process = {
        "agents": [
            {"id": {"handle": 37946}, "type": 2, "logical_node_id": 1, "gfx_target_version": 90402},
            {"id": {"handle": "odd"}, "type": 1},
        ],
        "kernel_symbols": [{"kernel_id": 0}, {"kernel_id": 1, "kernel_name": "k.kd", "arch_vgpr_count": 8}],
        "buffer_records": {"kernel_dispatch": [record]},
    }
    return {"rocprofiler-sdk-tool": [process]}


def test_sdk_json(tmp_path):
    """Names come from the symbols, agents by their handles."""
    recording = read_folder(write(tmp_path / "1_results.json", json.dumps(sdk())))
    (launch,) = recording.launches
    assert (launch.kernel, launch.agent, launch.total_ns, launch.arch_vgpr) == ("k", "Agent 1", 7, 8)
    assert [agent.is_gpu for agent in recording.agents] == [True, False]
    empty = {"rocprofiler-sdk-tool": [{}]}
    assert read_folder(write(tmp_path / "2_results.json", json.dumps(empty))).notes == (
        "2_results.json holds no dispatch",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(sdk(end_timestamp=START)), "no times that can be right"),
        (
            json.dumps(sdk()).replace('"kernel_id": 1, "dispatch', '"kernel_id": 7, "dispatch'),
            "kernel 7, which has no name",
        ),
        (json.dumps(sdk())[:-9], "cut off or damaged"),
        ("[]", "no result of rocprofv3"),
        (json.dumps(sdk(end_timestamp="soon")), "no result of rocprofv3"),
    ],
)
def test_damaged_json(tmp_path, content, reason):
    """Never a wrong number."""
    with pytest.raises(ReadFailedError, match=f"r_results.json: .*{reason}"):
        read_folder(write(tmp_path / "r_results.json", content))


def test_huge_json_is_refused(tmp_path, monkeypatch):
    """What would not fit in memory is not begun."""
    monkeypatch.setattr(sdk_json, "_MAX_BYTES", 10)
    with pytest.raises(ReadFailedError, match="--output-format csv"):
        read_folder(write(tmp_path / "r_results.json", json.dumps(sdk())))


LABEL = ["; _Z7pa_mainv", 0, 0, "void pa_main<4>(float*)", 2, 64, 0, 0, 0, 0]
CODE = [
    LABEL,
    ["s_load_dwordx4 s[12:15], s[0:1], 0x28", 0, 1, "a.h:3 -> pa.hip:9", 2, 64, 4, 40, 30, 0],
    ["s_waitcnt vmcnt(0)", 0, 2, "pa.hip:9", 2, 72, 4, 900, 880, 10],
    ['v_odd_b32 "], [" v0', 0, 3, "", 2, 76, 4, 8, 0, 5],
    ["s_endpgm", 0, 4, None, 2, 80, 0, 0, 0, 0],
]
HEADER = "ISA, _, LineNumber, Source, Codeobj, Vaddr, Hit, Latency, Stall, Idle"


def code(rows, indent=None, header=HEADER):
    """A code.json, on one line or spread out."""
    return json.dumps({"code": rows, "header": header, "version": "3.0.0"}, indent=indent)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("block", [64, 300, 1 << 20])
def test_code_json(tmp_path, monkeypatch, indent, block):
    """Sums, places and kernel names are the same however the text falls into blocks."""
    monkeypatch.setattr(att_code, "_BLOCK_BYTES", block)
    (found,) = read_folder(write(tmp_path / "code.json", code(CODE, indent))).sites
    assert (found.kernel, found.unit, found.instructions) == ("void pa_main<4>(float*)", "cycles", 4)
    assert (found.spent, found.stalled, found.idle) == (948, 910, 15)
    assert found.by_kind == {"vmem_wait": (900, 880, 10), "smem": (40, 30, 0), "valu": (8, 0, 5)}
    assert [site.instruction for site in found.sites] == [CODE[2][0], CODE[1][0], CODE[3][0]]
    assert found.sites[0].source == "pa.hip:9"


def test_code_json_of_a_sampler(tmp_path):
    """Thirteen columns and a list for a header: issued and stalled samples."""
    rows = [[*LABEL, 0, 0, [0, 0]], ["s_barrier", 0, 1, "k.cpp:7", 2, 64, 0, 0, 0, 0, 2, 5, [1, 4]]]
    (found,) = read_folder(write(tmp_path / "code.json", code(rows, 4, HEADER.split(", ")))).sites
    assert (found.unit, found.spent, found.stalled) == ("samples", 7, 5)


def test_code_json_without_a_label(tmp_path):
    """Instructions before any label belong to a kernel without a name."""
    (found,) = read_folder(write(tmp_path / "code.json", code(CODE[1:3]))).sites
    assert found.kernel == ""


@pytest.mark.parametrize("rows", [None, []])
def test_code_json_of_a_trace_that_saw_nothing(tmp_path, rows):
    """A null list is an answer: no wave ran where the tracer looked."""
    recording = read_folder(write(tmp_path / "ui" / "code.json", code(rows)))
    assert recording.sites == ()
    assert "no traced wave ran" in recording.notes[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}", "no list of code"),
        ("[1]", "no list of code"),
        (code(CODE)[:-60], "cut off or damaged"),
        (code(CODE)[:200], "cut off or damaged"),
        (code([*CODE, ["x", 0]]), "row 6 of code has 2 columns"),
        (code([[1] * 10]), "row 1 of code has 10 columns"),
        (code([["s_nop", 0, 1, "", 2, 64, 1, "N/A", 0, 0]]), "row 1 of code has 'N/A'"),
        (code([["s_nop", 0, 1, "", 2, 64, 1, -1, 0, 0]]), "row 1 of code has -1"),
        (code([["s_nop", 0, 1, "", 2, 64, 0, 0, 0, 0, "x", 1, []]]), "row 1 of code has"),
        (code([7]), "cut off or damaged"),
    ],
)
def test_damaged_code_json(tmp_path, content, reason):
    """Never a wrong number."""
    with pytest.raises(ReadFailedError, match=f"code.json.*{reason}"):
        read_folder(write(tmp_path / "code.json", content))


def test_a_row_without_end_is_refused(tmp_path, monkeypatch):
    """Memory stays bounded also for a hostile file."""
    monkeypatch.setattr(att_code, "_BLOCK_BYTES", 50)
    monkeypatch.setattr(att_code, "_MAX_ROW_BYTES", 100)
    with pytest.raises(ReadFailedError, match="a row of code does not end"):
        read_folder(write(tmp_path / "code.json", '{"code": [["' + "x" * 1000))


@settings(deadline=None)
@given(st.data())
def test_any_damage_to_code_json(tmp_path_factory, data):
    """Our error or a recording, never another exception."""
    whole = code(CODE).encode()
    cut = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=8))
    path = write(tmp_path_factory.mktemp("c") / "code.json", whole[:cut] + junk + whole[cut + len(junk) :])
    try:
        read_folder(path)
    except ReadFailedError as error:
        assert "code.json" in str(error)


def test_fingerprints(tmp_path):
    """The same instructions at the same distances are the same ISA, wherever they are loaded and however they ran."""

    def fingerprint(name, rows):
        return read_folder(write(tmp_path / name / "code.json", code(rows))).sites[0].isa

    moved = [[*one[:5], one[5] + 4096, 9, 9, 9, 9] for one in CODE]
    edited = [*CODE[:2], ["s_waitcnt vmcnt(1)", *CODE[2][1:]], *CODE[3:]]
    first = fingerprint("a", CODE)
    assert fingerprint("b", moved) == first
    assert fingerprint("d", [*CODE[:2], CODE[3], CODE[2], CODE[4]]) == first
    assert fingerprint("c", edited) != first


def test_only_the_places_with_the_most_time_are_kept(tmp_path):
    """A kernel of any length makes a report of bounded length, with whole sums."""
    rows = [LABEL, *(["s_nop 0", 0, at, "", 2, 64 + 4 * at, 1, 1 + at, 0, 0] for at in range(MAX_SITES + 50))]
    (found,) = read_folder(write(tmp_path / "code.json", code(rows))).sites
    assert len(found.sites) == MAX_SITES
    assert found.sites[0].spent == MAX_SITES + 50
    assert found.spent == sum(1 + at for at in range(MAX_SITES + 50))


STATS = '"CodeObj","Vaddr","Instruction","Hitcount","Latency","Stall","Idle","Source"\n'


def test_att_stats(tmp_path):
    """A folder without code.json is read from the stats; with it, only once."""
    body = '2,64,"; _Z7pa_mainv",0,0,0,0,"pa_main(int, int)"\n2,64,"ds_read_b32 v0, v1",4,40,30,2,"pa.hip:9"\n'
    path = write(tmp_path / "stats_ui_output_agent_1_dispatch_1.csv", STATS + body)
    (found,) = read_folder(path).sites
    assert (found.kernel, found.by_kind) == ("pa_main(int, int)", {"lds": (40, 30, 2)})
    write(tmp_path / "ui_output_agent_1_dispatch_1" / "code.json", code(CODE))
    assert [sites.kernel for sites in read_folder(tmp_path).sites] == ["void pa_main<4>(float*)"]
    assert "no traced wave ran" in read_folder(write(tmp_path / "e" / path.name, STATS)).notes[0]
    nameless = STATS + '2,64,"s_nop 0",4,40,30,2,""\n\n'
    assert read_folder(write(tmp_path / "n" / path.name, nameless)).sites[0].kernel == ""


@pytest.mark.parametrize("line", ['2,64,"s_nop"', '2,64,"s_nop 0",N/A,1,1,1,""', '2,-1,"s_nop 0",1,1,1,1,""'])
def test_damaged_att_stats(tmp_path, line):
    """The line is named."""
    with pytest.raises(ReadFailedError, match="line 2: "):
        read_folder(write(tmp_path / "stats_ui_output_a.csv", f"{STATS}{line}\n"))


SAMPLES = '"Sample_Timestamp","Exec_Mask","Dispatch_Id","Instruction","Instruction_Comment","Correlation_Id"'
REASON = "ROCPROFILER_PC_SAMPLING_INSTRUCTION_NOT_ISSUED_REASON_"


def test_samples_from_the_trap_handler(tmp_path):
    """Samples go to the kernel of their dispatch; no stall reason is made up."""
    write(tmp_path / "1_kernel_trace.csv", text(22, [row(22, "pa_main", START, START + 9, 1)]))
    body = [
        '9,1,1,"s_waitcnt vmcnt(0)","pa.c:16",1',
        '9,1,1,"s_waitcnt vmcnt(0)","pa.c:16",1',
        '9,1,7,"v_add v0, v1",,1',
    ]
    write(tmp_path / "1_pc_sampling_host_trap.csv", "\n".join([SAMPLES, *body, ""]))
    recording = read_folder(tmp_path)
    main, stray = recording.sites
    assert (main.kernel, main.unit, main.spent, main.stalled, main.isa) == ("pa_main", "samples", 2, 0, None)
    assert (stray.kernel, stray.spent) == ("", 1)
    assert "1 samples of 1_pc_sampling_host_trap.csv belong to dispatches" in recording.notes[0]


def test_stochastic_samples_tell_why(tmp_path):
    """A sample that did not issue carries its reason."""
    head = SAMPLES + ',"Wave_Issued_Instruction","Instruction_Type","Stall_Reason","Wave_Count"'
    body = [f'9,1,1,"s_barrier","k.c:4",1,{issued},"T","{REASON}BARRIER_WAIT",4' for issued in (0, 0, 1)]
    recording = read_folder(write(tmp_path / "pc_sampling_stochastic.csv", "\n".join([head, *body, ""])))
    assert recording.sites[0].stalled == 2
    assert recording.sites[0].sites[0].reasons == {"barrier_wait": 2}


@pytest.mark.parametrize("line", ["9,1", '9,1,x,"s_nop","",1'])
def test_damaged_samples(tmp_path, line):
    """The line is named."""
    with pytest.raises(
        ReadFailedError, match=r"line 2: (not a whole row of a sample|Dispatch_Id is .x., not a whole number)"
    ):
        read_folder(write(tmp_path / "pc_sampling_host_trap.csv", f"{SAMPLES}\n{line}\n"))


COUNTERS = '"Dispatch_Id","Kernel_Name","Counter_Name","Counter_Value"'


def test_counters(tmp_path):
    """One row per counter and dispatch is summed up by kernel."""
    body = ['1,"k(int, int)","SQ_WAVES",16384.000000', '2,"k(int, int)","SQ_WAVES",0.00000000e+00', ""]
    (counter,) = read_folder(write(tmp_path / "counter_collection.csv", "\n".join([COUNTERS, *body, ""]))).counters
    assert (counter.kernel, counter.counter, counter.dispatches, counter.total) == (
        "k(int, int)",
        "SQ_WAVES",
        2,
        16384.0,
    )


@pytest.mark.parametrize("value", ["NaN", "", "N/A", "-1", "inf"])
def test_damaged_counters(tmp_path, value):
    """What is no count is refused by line."""
    path = write(tmp_path / "counter_collection.csv", f'{COUNTERS}\n1,"k","SQ_WAVES",{value}\n')
    with pytest.raises(ReadFailedError, match="line 2: Counter_Value"):
        read_folder(path)


STATISTICS = '"Name","Calls","TotalDurationNs","AverageNs","Percentage","MinNs","MaxNs","StdDev"'


def test_kernel_stats(tmp_path):
    """The tracer's own sums are better than nothing, and are left alone where a trace is."""
    path = write(tmp_path / "1_kernel_stats.csv", f'{STATISTICS}\n"k(int, int)",4,100,25.0,9.145e-05,20,30,0.1\n\n')
    (launch,) = read_folder(path).launches
    assert (launch.kernel, launch.calls, launch.total_ns, launch.min_ns, launch.max_ns) == (
        "k(int, int)",
        4,
        100,
        20,
        30,
    )
    short = '"Name","Calls","TotalDurationNs"\n"k",4,100\n'
    assert read_folder(write(tmp_path / "s" / "kernel_stats.csv", short)).launches[0].min_ns is None
    write(tmp_path / "1_kernel_trace.csv", text(22, [row(22, "k", START, START + 9, 1)]))
    assert [launch.total_ns for launch in read_folder(tmp_path).launches] == [9]


@pytest.mark.parametrize(
    "line",
    ['"k",x,100,25,1,20,30,0', '"k",0,100,25,1,20,30,0', '"k",4', '"k",4,100,25,1,31,30,0', '"k",4,100,25,1,2,101,0'],
)
def test_damaged_kernel_stats(tmp_path, line):
    """The line is named."""
    with pytest.raises(ReadFailedError, match="line 2: "):
        read_folder(write(tmp_path / "kernel_stats.csv", f"{STATISTICS}\n{line}\n"))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("agent_info.csv", AGENTS + "A" * 140_000),
        (
            "stats_ui_output_1.csv",
            '"Vaddr","Instruction","Hitcount","Latency","Stall","Idle","Source"\n' + "A" * 140_000,
        ),
        ("pc_sampling_host_trap.csv", '"Dispatch_Id","Instruction","Instruction_Comment"\n' + "A" * 140_000),
        ("kernel_stats.csv", '"Name' + "A" * 140_000),
    ],
)
def test_fields_without_end_are_refused(tmp_path, name, line):
    """A field larger than any CSV reader takes is damage, with its line."""
    with pytest.raises(ReadFailedError, match=r"line \d+: the (line|header) is damaged"):
        read_folder(write(tmp_path / name, line))


def test_sizes_of_nothing_are_unknown(tmp_path):
    """A work-group of 0 work-items is none, in every format; a negative register count is damage."""
    line = row(22, "k", START, START + 9, grid=0).replace(",64,1,1,", ",0,1,1,")
    files = {"1_kernel_trace.csv": text(22, [line]), "r_results.json": json.dumps(sdk()).replace('"x": 64', '"x": 0')}
    for name, content in files.items():
        (launch,) = read_folder(write(tmp_path / name, content)).launches
        assert launch.workgroup is None
    damaged = json.dumps(sdk()).replace('"arch_vgpr_count": ', '"arch_vgpr_count": -')
    with pytest.raises(ReadFailedError, match="no result of rocprofv3"):
        read_folder(write(tmp_path / "d_results.json", damaged))


def test_odd_values_in_a_database(tmp_path):
    """A name that is no text is no name; text that is not UTF-8 is read as far as it goes."""
    path = write_rocpd(tmp_path / "r.db", [(1, START, START + 5)])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE rocpd_info_kernel_symbol SET display_name = x'ff', kernel_name = 'pa.kd' WHERE id = 3")
        database.execute("UPDATE rocpd_info_agent SET name = CAST(x'ff41' AS TEXT), logical_index = 'x'")
    database.close()
    assert [launch.kernel for launch in read_folder(path).launches] == ["pa"]


def test_many_kernels_and_many_texts_in_one_trace(tmp_path, monkeypatch):
    """Sums stay with their kernels, also when one comes back, and when more texts come than are remembered."""
    monkeypatch.setattr("kernel_opt.edges.tracers.site_table._MAX_TEXTS", 2)
    other = [["; _Z5otherv", 0, 0, "other()", 2, 640, 0, 0, 0, 0], ["s_nop 0", 0, 9, "", 2, 640, 1, 5, 0, 0]]
    rows = [*CODE, *other, CODE[0], *([f"v_mov_b32 v{turn}, 0", 0, 9, "", 2, 96, 1, 1, 0, 0] for turn in range(5000))]
    main, second = read_folder(write(tmp_path / "code.json", code(rows))).sites
    assert (main.kernel, main.spent, main.instructions) == ("void pa_main<4>(float*)", 948 + 5000, 5004)
    assert (second.kernel, second.spent) == ("other()", 5)

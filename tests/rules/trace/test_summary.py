"""What is kept of a recording, in which order it is told, and what changed between two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from kernel_opt.model.recording import Agent, CounterTotal, Launch, Recording, Site
from kernel_opt.model.trace import Occupancy, Role, StallKind, TargetKernel, Trace
from kernel_opt.rules.trace.changes import compare_traces
from kernel_opt.rules.trace.hotspots import rank_hotspots, share_stalls
from kernel_opt.rules.trace.stalls import READING_ORDER, classify
from kernel_opt.rules.trace.summary import agent_of, agents_used, summarise_kernels, summarise_trace
from tests.rules.trace_recordings import sites, summary


@pytest.mark.parametrize(
    ("instruction", "kind"),
    [
        ("s_barrier", StallKind.BARRIER),
        ("s_barrier_wait -1", StallKind.BARRIER),
        ("s_waitcnt vmcnt(0)", StallKind.VMEM_WAIT),
        ("s_waitcnt vmcnt(0) lgkmcnt(0)", StallKind.VMEM_WAIT),
        ("s_waitcnt_vscnt null, 0x0", StallKind.VMEM_WAIT),
        ("s_wait_loadcnt 0x0", StallKind.VMEM_WAIT),
        ("s_waitcnt lgkmcnt(3)", StallKind.LDS_SMEM_WAIT),
        ("s_wait_kmcnt 0x0", StallKind.LDS_SMEM_WAIT),
        ("s_wait_dscnt 0x0", StallKind.LDS_SMEM_WAIT),
        ("s_waitcnt expcnt(0)", StallKind.OTHER_WAIT),
        ("s_delay_alu instid0(VALU_DEP_1)", StallKind.OTHER_WAIT),
        ("s_nop 1", StallKind.OTHER_WAIT),
        ("global_load_dwordx4 v[0:3], v[4:5], off", StallKind.VMEM),
        ("buffer_load_dword v1, off, s[0:3], 0", StallKind.VMEM),
        ("ds_read_b128 v[0:3], v4", StallKind.LDS),
        ("s_load_dwordx4 s[12:15], s[0:1], 0x28", StallKind.SMEM),
        ("s_buffer_load_dword s0, s[4:7], 0x0", StallKind.SMEM),
        ("v_mfma_f32_16x16x16_f16 a[0:3], v[0:1], v[2:3], a[0:3]", StallKind.MFMA),
        ("v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7]", StallKind.MFMA),
        ("V_ADD_F32 v0, v1, v2", StallKind.VALU),
        ("s_cbranch_scc1 12", StallKind.BRANCH),
        ("s_endpgm", StallKind.BRANCH),
        ("s_and_b64 s[0:1], vcc, exec", StallKind.SALU),
        ("vfmadd231ps %zmm0, %zmm1, %zmm2", StallKind.OTHER),
        ("", StallKind.OTHER),
    ],
)
def test_classify(instruction, kind):
    """The spellings of all generations come to the same kinds."""
    assert classify(instruction) is kind


def test_the_reading_order_has_every_kind():
    """No kind is left out of a report."""
    assert set(READING_ORDER) == set(StallKind)


LAUNCHES = (
    Launch(kernel="pa_main", calls=10, total_ns=6000, min_ns=500, max_ns=700, agent="Agent 1", arch_vgpr=136),
    Launch(kernel="pa_main", calls=10, total_ns=1000, arch_vgpr=64, agent="Agent 1"),
    Launch(kernel="fill", calls=3, total_ns=3000, agent="Agent 1"),
)
GPU = Agent(is_gpu=True, node_id=4, logical_node_id=1, gfx="gfx942", cu_count=304, simd_per_cu=4, wave_size=64)
CPU = Agent(is_gpu=False, node_id=0, logical_node_id=0)


def test_kernels_are_summed_over_their_shapes():
    """Time and calls of all shapes count; registers are those of the shape with the most time."""
    main, fill = summarise_kernels(LAUNCHES)
    assert (main.name, main.calls, main.total_ns, main.average_ns, main.shapes) == ("pa_main", 20, 7000, 350.0, 2)
    assert (main.arch_vgpr, main.min_ns, main.max_ns) == (136, 500, 700)
    assert main.share_pct + fill.share_pct == pytest.approx(100)
    assert (fill.min_ns, fill.max_ns) == (None, None)
    assert summarise_kernels([]) == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(1, 10**9)), min_size=1))
def test_nothing_is_lost_in_a_summary(rows):
    """Calls and time of the summary are those of the launches, and shares make a whole."""
    kernels = summarise_kernels(Launch(kernel=name, calls=calls, total_ns=time) for name, calls, time in rows)
    assert sum(kernel.calls for kernel in kernels) == sum(calls for _, calls, _ in rows)
    assert sum(kernel.total_ns for kernel in kernels) == sum(time for _, _, time in rows)
    assert sum(kernel.share_pct for kernel in kernels) == pytest.approx(100)
    assert [kernel.total_ns for kernel in kernels] == sorted((kernel.total_ns for kernel in kernels), reverse=True)


def test_agents_are_found_by_any_label():
    """Node number, number among all agents, number among GPUs; or the only GPU there is."""
    recording = Recording(launches=LAUNCHES, agents=(CPU, GPU))
    assert agent_of(recording, "4") is GPU
    assert agent_of(recording, "Agent 1") is GPU
    assert agent_of(recording, "GPU 0") is GPU
    assert agent_of(recording, "GPU 1") is None
    assert agent_of(recording, "Agent 7") is None
    assert agent_of(Recording(agents=(GPU, GPU)), "Agent ²4") is None
    assert agent_of(Recording(agents=(GPU, GPU)), "Agent " + "4" * 5000) is None
    assert agent_of(recording, None) is GPU
    assert agent_of(Recording(agents=(GPU, GPU)), "?") is None
    assert agents_used(recording) == (GPU,)
    assert agents_used(Recording(launches=LAUNCHES)) == ()


MAIN_SITES = sites(
    "void pa_main<128>(float*)",
    Site(instruction="s_waitcnt vmcnt(0)", source="/k/pa.py:12", hits=9, spent=400, stalled=380),
    Site(
        instruction="s_waitcnt vmcnt(0)",
        source="a.h:3 -> /k/pa.py:12",
        hits=9,
        spent=100,
        reasons={"waitcnt": 3, "other": 9},
    ),
    Site(instruction="v_mfma_f32_16x16x16_f16 a", address=0x40, hits=9, spent=90, idle=110),
    Site(instruction="s_nop 0", hits=1, spent=1),
    by_kind={"vmem_wait": (500, 380, 0), "mfma": (90, 0, 110), "barrier": (50, 50, 0), "other_wait": (1, 0, 0)},
)


def test_stall_shares_come_in_reading_order():
    """Waits before work, whatever is larger."""
    shares = share_stalls(MAIN_SITES)
    assert [share.kind.value for share in shares] == ["barrier", "vmem_wait", "other_wait", "mfma"]
    assert sum(share.share_pct + (share.idle_pct or 0) for share in shares) == pytest.approx(100)
    sampled = sites("k", unit="samples", by_kind={"valu": (4, 0, 0)})
    assert share_stalls(sampled)[0].idle_pct is None
    assert share_stalls(sites("k", by_kind={"valu": (0, 0, 0)})) == ()


def test_hotspots_can_be_cited():
    """Kernels, then the target's stalls by kind, places, bubbles, occupancy, spills; no two ids are the same."""
    kernels = [summary("pa_main", 7000, 70.0, scratch_bytes=64), summary("fill", 3000, 30.0)]
    held = Occupancy(
        kernel="pa_main", gfx="gfx942", waves_per_simd=3, max_waves_per_simd=8, limited_by=("vgpr",), next_step="save 2"
    )
    free = Occupancy(kernel="gone", gfx="gfx942", waves_per_simd=8, max_waves_per_simd=8, limited_by=())
    found = rank_hotspots(kernels, [MAIN_SITES], [held, free], ["pa_main"])
    assert [hotspot.id for hotspot in found] == [
        "kernel:pa_main",
        "kernel:fill",
        "barrier:pa_main",
        "vmem_wait:pa_main",
        "mfma:pa_main",
        "vmem_wait@pa.py:12",
        "vmem_wait@pa.py:12#2",
        "mfma@0x40",
        "idle:pa_main",
        "occupancy:pa_main",
        "spill:pa_main",
    ]
    notes = {hotspot.id: hotspot.note for hotspot in found}
    assert notes["vmem_wait@pa.py:12"] == "stalled 95 %"
    assert notes["vmem_wait@pa.py:12#2"] == "other 9, waitcnt 3"
    assert notes["occupancy:pa_main"] == "3 of 8 waves per SIMD, limited by vgpr; save 2"


def test_places_without_source_or_address_are_named_by_their_instruction():
    """A sampler without debug information still says where."""
    sampled = sites("k", Site(instruction="s_endpgm", spent=4), unit="samples", by_kind={"branch": (4, 0, 0)})
    assert "branch@s_endpgm" in [hotspot.id for hotspot in rank_hotspots([], [sampled], [], [])]


def test_sites_of_others_stand_in_for_the_targets():
    """A thread trace of one kernel is shown even when no target has one; empty ones are not."""
    other = sites("gemm", by_kind={"valu": (9, 0, 0)})
    empty = sites("pa_main", by_kind={})
    found = rank_hotspots([], [other, empty], [], ["pa_main"])
    assert [hotspot.id for hotspot in found] == ["valu:gemm"]


def test_summary_of_a_recording():
    """Kernels, the used agents, occupancy, hotspots, counters of the target and fingerprints are kept."""
    counters = tuple(
        CounterTotal(kernel=name, counter="TCC_HIT_sum", dispatches=2, total=9.0) for name in ("pa_main", "fill")
    )
    recording = Recording(
        launches=LAUNCHES,
        agents=(CPU, GPU),
        sites=(structs.replace(MAIN_SITES, isa="ab"), sites("x", by_kind={})),
        counters=counters,
        notes=("n",),
    )
    target = TargetKernel(name="pa_main", role=Role.MAIN)
    trace = summarise_trace(recording, [target])
    assert trace.total_ns == 10000
    assert trace.agents == (GPU,)
    assert [counter.kernel for counter in trace.counters] == ["pa_main"]
    assert trace.isa == {"void pa_main<128>(float*)": "listing:ab"}
    assert trace.occupancy[0].kernel == "pa_main"
    assert trace.notes == ("n",)
    assert json.decode(json.encode(trace), type=Trace) == trace


def test_compiled_code_tells_more_than_a_listing():
    """The fingerprint of what was compiled stands for every kernel of that base name."""
    recording = Recording(launches=LAUNCHES, sites=(structs.replace(MAIN_SITES, isa="ab"),), isa={"pa_main": "code:c"})
    assert set(summarise_trace(recording).isa.values()) == {"listing:ab", "code:c"}
    assert summarise_trace(recording).isa["pa_main"] == "code:c"


def test_the_tail_of_kernels_is_cut_but_counted():
    """A target is kept however cold it is."""
    launches = [Launch(kernel=f"k{place}", calls=1, total_ns=1000 - place) for place in range(100)]
    trace = summarise_trace(Recording(launches=tuple(launches)), [TargetKernel(name="k99")])
    assert len(trace.kernels) == 41
    assert trace.kernels[-1].name == "k99"
    assert trace.kernels_left_out == 59


def test_counters_alone_are_kept():
    """A folder with counters and no kernel times shows them."""
    counter = CounterTotal(kernel="k", counter="SQ_WAVES", dispatches=1, total=4.0)
    assert summarise_trace(Recording(counters=(counter,))).counters == (counter,)


def test_what_changed():
    """Registers, time, new and gone kernels, moved hotspots, and whether the same instructions ran."""
    target = TargetKernel(name="pa_main")
    best = Trace(
        kernels=(summary("pa_main", 1000, arch_vgpr=130), summary("fill", 10), summary("old", 5)),
        targets=(target,),
        isa={"pa_main": "a"},
    )
    faster = Trace(
        kernels=(summary("pa_main", 900, arch_vgpr=128), summary("fill", 10), summary("new", 5)),
        targets=(target,),
        isa={"pa_main": "a"},
        hotspots=rank_hotspots([summary("pa_main")], [], [], []),
    )
    changes = compare_traces(best, faster)
    told = {change.name: change for change in changes.kernels}
    assert list(told) == ["pa_main", "new", "old"]
    assert told["pa_main"].change_pct == pytest.approx(-10)
    assert told["pa_main"].changed == {"arch_vgpr": (130, 128)}
    assert told["pa_main"].same_isa is True
    assert told["new"].change_pct is None
    assert told["old"].change_pct is None
    assert [(share.id, share.best_pct, share.candidate_pct) for share in changes.hotspots] == [
        ("kernel:pa_main", None, 50.0)
    ]
    assert compare_traces(faster, faster).hotspots == ()


@pytest.mark.parametrize(
    ("one", "other", "same"), [("code:a", "code:a", True), ("code:a", "code:b", False), ("code:a", "text:a", None)]
)
def test_fingerprints_of_two_kinds_say_nothing(one, other, same):
    """Text and machine code of the same kernel differ, whatever ran."""
    traces = [Trace(kernels=(summary("k"),), targets=(TargetKernel(name="k"),), isa={"k": isa}) for isa in (one, other)]
    assert compare_traces(*traces).kernels[0].same_isa is same

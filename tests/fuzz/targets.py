"""Every parser of what other programs print, as something to throw bytes at: it reads them, or says why not.

Any exception but our own, and any reading that cannot be true, is a find.
"""

import dataclasses
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from kernel_opt.edges.builders.ending import read_error
from kernel_opt.edges.builders.host_assembly import read_functions
from kernel_opt.edges.gpus import amd_smi, amd_smi_users, kfd, pyrsmi_source, rocm_smi, topology
from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.merge import merge_readings
from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.edges.isa.code import read_code
from kernel_opt.edges.isa.read import read_statics
from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading
from kernel_opt.model.recording import Recording
from kernel_opt.model.static_facts import Statics
from kernel_opt.rules.card.gate import Thresholds, judge_card
from kernel_opt.rules.isa.static_changes import compare_statics
from kernel_opt.rules.trace.summary import summarise_trace
from kernel_opt.views.statics import tell_statics
from tests.fuzz import seeds


@dataclass(frozen=True)
class Target:
    """One parser: true inputs to start from, and what is done with an input."""

    seeds: tuple[bytes, ...]
    run: Callable[[bytes], None]


def check_readings(readings: Sequence[Reading]) -> None:
    """Fail on a reading that cannot be true, and on a card that is called idle with something unknown."""
    for reading in readings:
        for name, value in dataclasses.asdict(reading).items():
            assert not isinstance(value, float | int) or (math.isfinite(value) and value >= 0), (name, value)
        assert reading.use_pct is None or reading.use_pct <= 100
        if reading.vram_used_bytes is not None:
            assert reading.vram_total_bytes is not None
            assert reading.vram_used_bytes <= reading.vram_total_bytes
        is_known = reading.use_pct is not None and reading.vram_used_bytes is not None
        assert is_known or not judge_card([reading], Thresholds(looks=1)).idle


def check_recording(recording: Recording) -> None:
    """Fail on a recording that does not add up, or cannot be handed on and summed up."""
    for launch in recording.launches:
        assert launch.calls > 0
        assert launch.total_ns > 0
        assert launch.min_ns is None or launch.max_ns is None or 0 <= launch.min_ns <= launch.max_ns
    assert all(0 < record.start_ns < record.end_ns for record in recording.dispatches)
    assert all(math.isfinite(counter.total) and counter.total >= 0 for counter in recording.counters)
    for sites in recording.sites:
        assert min(sites.spent, sites.stalled, sites.idle) >= 0
    summarise_trace(msgspec.json.decode(msgspec.json.encode(recording), type=Recording))


def _answer(data: bytes) -> Answer:
    return Answer(data.decode("utf-8", "replace"), "", 0)


def _read_cards(parse: Callable[[Answer, float], tuple[Reading, ...]], data: bytes) -> None:
    try:
        check_readings(parse(_answer(data), 1.0))
    except ReadFailedError as error:
        assert str(error)


def _read_amd_smi(data: bytes) -> None:
    metric, identity, limits, processes, *_ = [*data.split(seeds.BETWEEN.encode(), 3), b"", b"", b""]
    try:
        entries = amd_smi.find_entries(_answer(metric))
    except ReadFailedError as error:
        assert str(error)
        return
    others = []
    for part in (identity, limits):
        try:
            others.append(amd_smi.find_entries(_answer(part)))
        except ReadFailedError:
            others.append({})
    try:
        users = amd_smi_users.read_users(amd_smi.list_objects(find_documents(_answer(processes).stdout)))
    except ReadFailedError:
        users = {}
    check_readings(amd_smi.build_readings(entries, *others, users, 1.0))


def _read_host(data: bytes) -> None:
    host = topology.read_host(lambda _module, _roots: _answer(data), ())
    card = Reading(card=0, source="x", at_s=1.0, bdf="0000:26:00.0", guid=28851)
    check_readings(merge_readings([card, dataclasses.replace(card, card=1, guid=9)], host, None))


def _read_rocminfo(data: bytes) -> None:
    agents = topology.parse_agents(_answer(data).stdout)
    check_readings(merge_readings([Reading(card=0, source="x", at_s=1.0, node_id=2)], topology.Host(), agents))


def _read_tree(data: bytes) -> None:
    """Read the driver's tables: one node's properties, and one process's files, with these bytes in them."""
    properties, gpu_id, vram, queue, *_ = [*data.split(b"\x1e", 3), b"", b"", b""]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        node, process = root / "class/kfd/kfd/topology/nodes/1", root / "class/kfd/kfd/proc/4711"
        (process / "queues/0").mkdir(parents=True)
        node.mkdir(parents=True)
        for path, content in (
            (node / "properties", properties),
            (node / "gpu_id", gpu_id),
            (process / "vram_28851", vram),
            (process / "queues/0/gpuid", queue),
        ):
            path.write_bytes(content)
        told = {"nodes": kfd.read_nodes(root, root), "processes": kfd.read_processes(root, root), "pids_local": None}
    host = topology.parse_host(told)
    card = Reading(card=0, source="x", at_s=1.0, guid=28851)
    check_readings(merge_readings([card], host, None))


def _read_file(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            check_recording(read_folder(path))
        except ReadFailedError as error:
            assert str(error)
            assert str(path) in str(error)


def _file(name: str, *texts: str) -> Target:
    return Target(tuple(text.encode() for text in texts), partial(_read_file, name))


def check_statics(statics: Statics) -> None:
    """Fail on figures that cannot be true, and on kernels that cannot be told, handed on or compared."""
    for kernel in statics.kernels:
        for name in ("arch_vgpr", "agpr", "vgpr", "sgpr", "vgpr_spills", "sgpr_spills", "scratch_bytes", "lds_bytes"):
            value = getattr(kernel, name)
            assert value is None or 0 <= value < 1 << 32, (name, value)
        waves = kernel.occupancy
        assert waves is None or 0 <= waves.waves_per_simd <= waves.max_waves_per_simd
        assert waves is not None or not kernel.launch_problems
    assert msgspec.json.decode(msgspec.json.encode(statics), type=Statics) == statics
    assert compare_statics(statics, statics).has_effect is not True
    assert tell_statics(statics)


def _read_code(data: bytes) -> None:
    try:
        check_statics(read_code(data, "k"))
    except ReadFailedError as error:
        assert str(error)


def _read_triton(data: bytes) -> None:
    """Read code with what Triton wrote beside it."""
    code, metadata, *_ = [*data.split(b"\x1e", 1), b""]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "k.amdgcn").write_bytes(code)
        Path(folder, "k.json").write_bytes(metadata)
        try:
            check_statics(read_statics(Path(folder)))
        except ReadFailedError as error:
            assert str(error)


def _read_host_assembly(data: bytes) -> None:
    for function in read_functions(data.decode("utf-8", "replace").splitlines()):
        moves = (function.vector_stack_moves, function.stack_moves, function.instructions)
        assert 0 <= moves[0] <= moves[1] <= moves[2]
        assert function.frame_bytes >= 0


def _read_build_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "error.json"
        path.write_bytes(data)
        error = read_error(path)
        assert error is None or (math.isfinite(error) and error >= 0)


TARGETS: dict[str, Target] = {
    "isa-text": Target(seeds.ISA_TEXTS, _read_code),
    "isa-object": Target(seeds.ISA_OBJECTS, _read_code),
    "isa-bundle": Target(seeds.make_bundles(), _read_code),
    "isa-triton": Target(seeds.ISA_TRITON, _read_triton),
    "host-assembly": Target((seeds.HOST_ASSEMBLY.encode(),), _read_host_assembly),
    "build-error": Target((b'{"largest": 4.2e-07}', b'{"largest": 0}'), _read_build_error),
    "rocm-smi": Target((seeds.ROCM_SMI.encode(),), partial(_read_cards, rocm_smi.parse)),
    "amd-smi": Target((seeds.AMD_SMI.encode(),), _read_amd_smi),
    "pyrsmi": Target((seeds.PYRSMI.encode(),), partial(_read_cards, pyrsmi_source.parse)),
    "rocminfo": Target((seeds.ROCMINFO.encode(),), _read_rocminfo),
    "host": Target((seeds.HOST.encode(),), _read_host),
    "kfd": Target((f"{seeds.NODE}\x1e28851\n\x1e34340388864\n\x1e28851\n".encode(),), _read_tree),
    "kernel-csv": _file("1_kernel_trace.csv", *seeds.KERNEL_CSV),
    "kernel-stats": _file("1_kernel_stats.csv", seeds.KERNEL_STATS),
    "counters": _file("1_counter_collection.csv", seeds.COUNTERS),
    "agents": _file("1_agent_info.csv", seeds.AGENT_INFO),
    "pc-sampling": _file("1_pc_sampling_stochastic.csv", seeds.PC_SAMPLING),
    "att-stats": _file("stats_ui_output_agent_1_dispatch_2.csv", seeds.ATT_STATS),
    "att-code": _file("code.json", *seeds.ATT_CODE),
    "sdk-json": _file("1_results.json", seeds.SDK_JSON),
    "rocpd": Target((seeds.make_rocpd(),), partial(_read_file, "1_results.db")),
    "unnamed": _file("file", seeds.KERNEL_CSV[-1], *seeds.ATT_CODE, seeds.SDK_JSON, seeds.COUNTERS, seeds.PC_SAMPLING),
}

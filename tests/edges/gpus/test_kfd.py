"""The driver's own tables: GPU nodes in the runtime's order, and who really holds a card."""

import json
from pathlib import Path

import pytest

from kernel_opt.edges.gpus import kfd
from kernel_opt.edges.gpus.probe import Probe
from kernel_opt.edges.gpus.topology import Host, parse_host, read_host
from kernel_opt.model.reading import GpuUser
from tests.rocm.tree import build_tree, put_processes

CARDS = [
    {"card": 0, "bdf": "0000:05:00.0", "unique_id": "0x8d1457e2c20f59d2", "node_id": 10, "guid": 28851},
    {"card": 1, "bdf": "0000:75:00.0", "unique_id": "0xb4fa34630e85d42a", "node_id": 2, "guid": 51499},
]
TRAIN = {"pid": 4711, "name": "train", "cards": [1], "vram": 5}


def read(root: Path, capsys: pytest.CaptureFixture[str]) -> Host:
    assert kfd.main([str(root / name) for name in ("sys", "dev", "proc")]) == 0
    return parse_host(json.loads(capsys.readouterr().out))


def test_nodes_come_in_the_order_of_their_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Node 2 comes before node 10, CPUs are left out, and everything that identifies a card is read."""
    build_tree(tmp_path, CARDS)
    nodes = read(tmp_path, capsys).nodes
    assert nodes is not None
    assert [(node.hip_index, node.node_id, node.guid) for node in nodes] == [(0, 2, 51499), (1, 10, 28851)]
    assert (nodes[0].bdf, nodes[0].unique_id) == ("0000:75:00.0", "0xb4fa34630e85d42a")
    assert (nodes[0].gfx, nodes[0].partition_id) == ("gfx942", 0)


def test_a_card_that_cannot_be_opened_has_no_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The runtime leaves out a card whose render device is not there, and counts on without it."""
    build_tree(tmp_path, CARDS)
    (tmp_path / "dev/dri/renderD128").unlink()
    nodes = read(tmp_path, capsys).nodes
    assert nodes is not None
    assert [node.hip_index for node in nodes] == [None, 0]


def test_a_node_that_a_container_hides_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A node whose files cannot be read is skipped, as the runtime does."""
    build_tree(tmp_path, CARDS)
    (tmp_path / "sys/class/kfd/kfd/topology/nodes/2/gpu_id").write_text("")
    nodes = read(tmp_path, capsys).nodes
    assert nodes is not None
    assert [(node.hip_index, node.node_id) for node in nodes] == [(0, 10)]


def test_users_are_those_who_hold_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A queue or much VRAM on a card makes a user of it; the little that the runtime keeps everywhere does not."""
    build_tree(tmp_path, CARDS)
    put_processes(tmp_path, CARDS, [TRAIN, {"pid": 9, "name": "loader", "cards": [], "vram": 0}])
    held = tmp_path / "sys/class/kfd/kfd/proc/9/vram_28851"
    assert read(tmp_path, capsys).users == {51499: (GpuUser(4711, "train", 5),)}
    held.write_text(f"{2**30}\n")
    host = read(tmp_path, capsys)
    assert host.users == {51499: (GpuUser(4711, "train", 5),), 28851: (GpuUser(9, "loader", 2**30),)}
    assert host.pids_local is True


def test_stale_entries_do_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The driver forgets to clean up after some processes: an entry without a process is nobody."""
    build_tree(tmp_path, CARDS)
    put_processes(tmp_path, CARDS, [TRAIN])
    (tmp_path / "proc/4711/comm").unlink()
    (tmp_path / "proc/4711").rmdir()
    assert read(tmp_path, capsys).users == {}


def test_nobody_is_called_dead_who_may_be_hidden(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """In a container, or where /proc hides others' processes, an entry counts although its process is not seen."""
    build_tree(tmp_path, CARDS, pid_namespace="pid:[4026532999]")
    put_processes(tmp_path, CARDS, [TRAIN])
    host = read(tmp_path, capsys)
    assert host.users == {51499: (GpuUser(4711, "unknown", 5),)}
    assert host.pids_local is False


def test_a_table_that_cannot_be_read_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """No tables, or a torn entry, are unknown and not empty."""
    assert read(tmp_path, capsys) == Host()
    build_tree(tmp_path, CARDS)
    put_processes(tmp_path, CARDS, [TRAIN])
    (tmp_path / "sys/class/kfd/kfd/proc/4711/vram_51499").write_text("gone")
    assert read(tmp_path, capsys).users is None


def test_a_process_without_a_name_is_told_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A name that may not be read does not hide the process."""
    build_tree(tmp_path, CARDS)
    put_processes(tmp_path, CARDS, [TRAIN])
    (tmp_path / "proc/4711/comm").unlink()
    assert read(tmp_path, capsys).users == {51499: (GpuUser(4711, "unknown", 5),)}


def test_partitions_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Partitions of one card share the address and have numbers."""
    parts = [{**CARDS[0], "card": n, "node_id": 2 + n, "guid": 100 + n, "partition_id": n} for n in range(2)]
    build_tree(tmp_path, parts)
    nodes = read(tmp_path, capsys).nodes
    assert nodes is not None
    assert [(node.bdf, node.partition_id) for node in nodes] == [("0000:05:00.0", 0), ("0000:05:00.0", 1)]


def test_the_tables_are_read_in_a_process_of_its_own(tmp_path: Path):
    """The real helper answers through the probe; a root without tables leaves everything unknown."""
    roots = list(build_tree(tmp_path, CARDS).values())
    probe = Probe(20.0, {}, {"PATH": "/usr/bin:/bin"})
    assert read_host(probe.ask_helper, roots).users == {}
    assert read_host(probe.ask_helper, ["/none", "/none", "/none"]) == Host()

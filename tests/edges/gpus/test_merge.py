"""Joining readings and host: by what identifies a card, never by its place in a list."""

from dataclasses import replace

import pytest

from kernel_opt.edges.gpus.merge import merge_readings
from kernel_opt.edges.gpus.topology import GpuNode, Host
from kernel_opt.model.reading import GpuUser, Reading
from kernel_opt.rules.card.identity import name_card

NODES = (
    GpuNode(hip_index=0, node_id=2, guid=51499, bdf="0000:75:00.0", unique_id="0xb4", gfx="gfx950", partition_id=0),
    GpuNode(hip_index=1, node_id=3, guid=28851, bdf="0000:05:00.0", unique_id="0x8d", gfx="gfx950", partition_id=0),
)
TABLES = Host(nodes=NODES, users={28851: (GpuUser(7, "train", 5),)}, pids_local=True)


def card(number: int, **known: object) -> Reading:
    return Reading(card=number, source="rocm-smi", at_s=0.0, **known)


@pytest.mark.parametrize(
    "known",
    [{"bdf": "0000:05:00.0"}, {"guid": 28851}, {"node_id": 3}, {"unique_id": "0x8d"}],
    ids=["bdf", "guid", "node", "unique-id"],
)
def test_any_identity_finds_the_hip_index(known: dict):
    """Card 0 of the tool is HIP's device 1 on this host, whichever identity the tool tells."""
    (found,) = merge_readings([card(0, **known)], TABLES, None)
    assert (found.hip_index, found.node_id, found.guid, found.bdf) == (1, 3, 28851, "0000:05:00.0")
    assert (found.unique_id, found.gfx, found.pids_local) == ("0x8d", "gfx950", True)
    assert found.users == (GpuUser(7, "train", 5),)


def test_the_drivers_table_is_believed_before_the_tool():
    """A card that the driver says nobody is on has no user, whatever the tool listed."""
    (found,) = merge_readings([card(1, guid=51499, users=(GpuUser(9, "stale"),))], TABLES, None)
    assert found.users == ()


def test_without_the_table_the_tools_users_stay():
    """Where the driver's table cannot be read, what the tool said is kept."""
    users = (GpuUser(9, "train"),)
    (found,) = merge_readings([card(1, guid=51499, users=users)], Host(nodes=NODES), None)
    assert found.users == users


def test_a_contradiction_finds_nothing():
    """A card whose address is one node's and whose id is another's is no node's: its HIP index stays unknown."""
    (found,) = merge_readings([card(0, bdf="0000:05:00.0", guid=51499)], TABLES, None)
    assert found.hip_index is None
    assert found.problem == "its HIP index is unknown: no card of the runtime's list matches it"


def test_a_card_the_runtime_may_not_open_is_withheld():
    """A card that HIP cannot open has no index and is never ours to take."""
    closed = replace(NODES[0], hip_index=None)
    (found,) = merge_readings([card(0, guid=51499)], Host(nodes=(closed,)), None)
    assert found.hip_index is None
    assert found.withheld is not None


def test_partitions_with_one_address_are_joined_in_their_order():
    """Where nothing but the order tells partitions apart it decides, each with a name of its own."""
    nodes = tuple(
        GpuNode(hip_index=n, node_id=2 + n, guid=100 + n, bdf="0000:0c:00.0", unique_id="0x8d", partition_id=n)
        for n in range(3)
    )
    found = merge_readings([card(n, bdf="0000:0c:00.0") for n in range(3)], Host(nodes=nodes), None)
    assert [(one.hip_index, one.guid, one.partition_id) for one in found] == [(0, 100, 0), (1, 101, 1), (2, 102, 2)]
    assert len({name_card(one) for one in found}) == 3


def test_partitions_of_which_some_are_missing_are_not_guessed():
    """With fewer cards than nodes the order says nothing."""
    nodes = tuple(GpuNode(hip_index=n, node_id=2 + n, bdf="0000:0c:00.0", partition_id=n) for n in range(3))
    found = merge_readings([card(n, bdf="0000:0c:00.0") for n in range(2)], Host(nodes=nodes), None)
    assert [one.hip_index for one in found] == [None, None]
    known = merge_readings([card(0, bdf="0000:0c:00.0", partition_id=2)], Host(nodes=nodes), None)
    assert known[0].hip_index == 2


def test_rocminfo_stands_in_for_the_tables():
    """Agents without a domain are matched by the rest of the address, and leave the tool's own address alone."""
    agents = [GpuNode(hip_index=0, bdf="*:75:00.0"), GpuNode(hip_index=1, bdf="*:05:00.0", name="MI300X")]
    (found,) = merge_readings([card(0, bdf="0001:05:00.0")], Host(), agents)
    assert (found.hip_index, found.bdf, found.name) == (1, "0001:05:00.0", "MI300X")


def test_open_domains_that_fit_several_are_not_guessed():
    """Cards that differ in their domain only cannot be told apart by agents without one."""
    agents = [GpuNode(hip_index=0, bdf="*:01:00.0"), GpuNode(hip_index=1, bdf="*:01:00.0")]
    found = merge_readings([card(n, bdf=f"000{n}:01:00.0") for n in range(2)], Host(), agents)
    assert [one.hip_index for one in found] == [None, None]


def test_node_numbers_alone_give_the_order():
    """Without tables and agents the tool's node numbers are in HIP's order; a lone card is HIP's first."""
    found = merge_readings([card(0, node_id=9), card(1, node_id=2)], Host(), None)
    assert [one.hip_index for one in found] == [1, 0]
    assert merge_readings([card(4)], Host(), None)[0].hip_index == 0


@pytest.mark.parametrize("nodes", [(None, 2), (2, 2), (None, None)])
def test_an_order_that_is_not_known_is_not_made_up(nodes: tuple[int | None, int | None]):
    """A node number that is missing or told twice leaves every index unknown, and says so."""
    found = merge_readings([card(n, node_id=node) for n, node in enumerate(nodes)], Host(), None)
    assert [one.hip_index for one in found] == [None, None]
    assert found[0].problem == "its HIP index is unknown"


def test_a_function_is_a_partition():
    """Drivers that put the partition in the address's function are read like those that do not."""
    found = merge_readings([card(0, bdf="0000:0c:00.3")], Host(), None)
    assert (found[0].bdf, found[0].partition_id) == ("0000:0c:00.0", 3)
    both = merge_readings([card(0, bdf="0000:0c:00.0"), card(1, bdf="0000:0c:00.1")], Host(), None)
    assert [one.partition_id for one in both] == [0, 1]
    assert merge_readings([card(0)], Host(), None)[0].bdf is None

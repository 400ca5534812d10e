"""Names of cards: the same whoever says them, and never two cards under one name."""

import pytest

from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.identity import Sameness, SeenCard, agree_on_bdf, bdf_of_location, compare_card, name_card


def reading(**known: object) -> Reading:
    return Reading(card=3, source="rocm-smi", at_s=0.0, **known)


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"bdf": "0000:26:00.0", "unique_id": "0x8d1457e2c20f59d2", "node_id": 2}, "pci-0000:26:00-p0"),
        ({"bdf": "0000:26:00.5", "partition_id": 5}, "pci-0000:26:00-p5"),
        ({"unique_id": "0x8d1457e2c20f59d2"}, "id-8d1457e2c20f59d2-p0"),
        ({"guid": 28851, "node_id": 2}, "kfd-28851"),
        ({"node_id": 2}, "node-2"),
        ({}, "rocm-smi-3"),
    ],
)
def test_a_card_has_one_name(known: dict, name: str):
    """The most widely known identity names the card."""
    assert name_card(reading(**known)) == name


def test_sources_agree_on_the_name():
    """Another source, with another index and other knowledge, gives the same name as long as both know the address."""
    other = Reading(card=0, source="amd-smi", at_s=9.0, bdf="0000:26:00.0", guid=28851)
    assert name_card(other) == name_card(reading(bdf="0000:26:00.0"))


@pytest.mark.parametrize(
    ("leased", "seen", "sameness"),
    [
        ({"guid": 28851}, SeenCard(guid=28851), Sameness.SAME),
        ({"node_id": 2}, SeenCard(node_id=3), Sameness.DIFFERENT),
        ({"bdf": "0000:26:00.0"}, SeenCard(bdf="0000:26:00.1"), Sameness.SAME),
        ({"bdf": "0000:26:00.0"}, SeenCard(bdf="*:26:00.0"), Sameness.UNKNOWN),
        ({"bdf": "0000:26:00.0"}, SeenCard(bdf="*:46:00.0"), Sameness.DIFFERENT),
        ({"unique_id": "0x8d1457e2c20f59d2"}, SeenCard(unique_id="GPU-8D1457E2C20F59D2"), Sameness.SAME),
        ({"unique_id": "0x0d1457e2c20f59d2"}, SeenCard(unique_id="0xd1457e2c20f59d2"), Sameness.SAME),
        ({"bdf": "0000:26:00.0", "partition": "CPX"}, SeenCard(bdf="0000:26:00.0"), Sameness.UNKNOWN),
        ({"bdf": "0000:26:00.0", "partition_id": 3}, SeenCard(bdf="0000:26:00.0"), Sameness.UNKNOWN),
        ({"bdf": "0000:26:00.0", "partition_id": 3, "guid": 7}, SeenCard(bdf="0000:26:00.0", guid=7), Sameness.SAME),
        ({"guid": 7, "bdf": "0000:26:00.0"}, SeenCard(guid=7, bdf="0000:46:00.0"), Sameness.DIFFERENT),
        ({"guid": 7}, SeenCard(bdf="0000:46:00.0"), Sameness.UNKNOWN),
        ({}, SeenCard(), Sameness.UNKNOWN),
    ],
)
def test_where_a_child_ran_is_said_only_when_known(leased: dict, seen: SeenCard, sameness: Sameness):
    """One contradiction is "different", one exact agreement is "same", and everything else is unknown."""
    assert compare_card(reading(**leased), seen) is sameness


def test_a_location_is_a_pci_address():
    """The packed number of traces and tools is unpacked; the partition above it is left out."""
    assert bdf_of_location(9728, 0) == "0000:26:00.0"
    assert bdf_of_location(3 << 28 | 0xC400 | 3 << 3 | 1, 2) == "0002:c4:03.1"
    assert bdf_of_location(9728, None) == "*:26:00.0"


def test_addresses_are_compared_without_function():
    """Case and function do not matter, and an open domain agrees with every domain."""
    assert agree_on_bdf("0000:C4:00.0", "0000:c4:00.3") is True
    assert agree_on_bdf("0001:c4:00.0", "*:c4:00.0") is True
    assert agree_on_bdf("0001:c4:00.0", "0000:c4:00.0") is False
    assert agree_on_bdf(None, "0000:c4:00.0") is None

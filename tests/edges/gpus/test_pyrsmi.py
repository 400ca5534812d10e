"""pyrsmi: asked in a process of its own, and its -1 is never 0 %."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus import pyrsmi
from kernel_opt.edges.gpus.probe import Answer, Probe
from kernel_opt.edges.gpus.pyrsmi_source import parse, read_cards
from kernel_opt.model.errors import ReadFailedError

CARD = {"name": "MI210", "pci_id": 0xC100, "use_pct": 3, "vram_used": 10960896, "vram_total": 2**36, "power_w": 42.5}


class Library:
    """The functions of pyrsmi on a host with two cards."""

    def __init__(self, *, has_process_list: bool = True) -> None:
        self.is_open = False
        if has_process_list:
            self.smi_get_device_compute_process = lambda: [4711]

    def smi_initialize(self) -> None:
        self.is_open = True

    def smi_get_device_count(self) -> int:
        return 2 if self.is_open else 0

    def smi_get_device_name(self, card: int) -> str:
        return f"card {card}"

    def smi_get_device_pci_id(self, card: int) -> int:
        return 0x0500 + card

    def smi_get_device_utilization(self, card: int) -> int:
        return -1 if card else 9

    def smi_get_device_memory_used(self, card: int) -> int:
        return 10 + card

    def smi_get_device_memory_total(self, card: int) -> int:
        return 100 + card

    def smi_get_device_average_power(self, card: int) -> float:
        return 40.0 + card


def told(**document: object) -> Answer:
    return Answer(json.dumps(document), "", 0)


def test_the_helper_asks_every_card():
    """All cards are asked after opening the library, and errors are passed on for the reader to judge."""
    found = pyrsmi.read_all(Library())
    assert [card["use_pct"] for card in found["cards"]] == [9, -1]
    assert found["pids"] == [4711]
    assert pyrsmi.read_all(Library(has_process_list=False))["pids"] is None


def test_a_card_is_read():
    """Load, memory, power and PCI address arrive as they are."""
    (reading,) = parse(told(cards=[CARD], pids=None), 1.0)
    assert (reading.use_pct, reading.vram_used_bytes, reading.vram_total_bytes) == (3.0, 10960896, 2**36)
    assert (reading.bdf, reading.partition_id, reading.power_w, reading.name) == ("0000:c1:00.0", None, 42.5, "MI210")
    assert reading.users is None


@pytest.mark.parametrize("nothing", [-1, "", "N/A", None, 65535])
def test_errors_are_unknown(nothing: object):
    """The library's error values are unknown in every field."""
    (reading,) = parse(told(cards=[dict.fromkeys(CARD, nothing)]), 1.0)
    assert (reading.use_pct, reading.vram_used_bytes, reading.power_w, reading.name) == (None, None, None, None)


@pytest.mark.parametrize(
    ("pci_id", "bdf", "partition_id"),
    [
        (0xC100, "0000:c1:00.0", None),
        (2 << 32 | 0xC108, "0002:c1:01.0", 0),
        (3 << 28 | 0xC100, "0000:c1:00.0", 3),
        (1 << 16 | 0xC100, "0001:c1:00.0", None),
    ],
)
def test_both_ways_of_packing_an_address_are_read(pci_id: int, bdf: str, partition_id: int | None):
    """Versions put the domain in different places, and a partition above the address."""
    (reading,) = parse(told(cards=[{**CARD, "pci_id": pci_id}]), 1.0)
    assert (reading.bdf, reading.partition_id) == (bdf, partition_id)


def test_processes_are_only_doubts():
    """The library tells PIDs without cards; its own helper does not count, and an empty list proves nothing."""
    assert parse(told(cards=[CARD], pids=[4711], own_pid=1), 1.0)[0].problem == "pid 4711 (unknown) may be on it"
    assert parse(told(cards=[CARD], pids=[1], own_pid=1), 1.0)[0].users is None
    assert parse(told(cards=[CARD], pids=[]), 1.0)[0].users is None


@pytest.mark.parametrize("document", [{}, {"cards": []}, {"cards": "N/A"}, []])
def test_no_card_is_refused_with_the_last_word_of_the_traceback(document: object):
    """Where the library fails, its own error is the reason."""
    failed = Answer(json.dumps(document), "Traceback ...\npyrsmi.rocml.ROCMLError: library not found\n", 1)
    with pytest.raises(ReadFailedError, match="library not found"):
        parse(failed, 1.0)


def test_a_host_without_the_library_says_so(tmp_path: Path):
    """The real helper on a host without ROCm ends in a refusal that names what is missing."""
    probe = Probe(20.0, {}, {"PATH": "/usr/bin:/bin", "ROCM_PATH": str(tmp_path)})
    with pytest.raises(ReadFailedError, match=r"pyrsmi knows of no card .*(not found|No module)"):
        read_cards(probe.ask_helper, 0.0)


@given(st.recursive(st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=4)), st.lists, max_leaves=4))
def test_any_values_are_read_or_refused(value: object):
    """Whatever the library returns: sane readings or our own refusal."""
    for document in ({"cards": value}, {"cards": [dict.fromkeys(CARD, value)], "pids": value}):
        try:
            cards = parse(told(**document), 0.0)
        except ReadFailedError:
            continue
        assert all(card.use_pct is None or 0 <= card.use_pct <= 100 for card in cards)

"""A traced run is believed to have been on the leased card only when the trace says so."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.reading import Reading
from kernel_opt.model.recording import Agent, Launch, Recording
from kernel_opt.rules.card.card_check import check_card
from kernel_opt.rules.card.identity import Sameness

LEASED = Reading(card=0, source="rocm-smi", at_s=0.0, bdf="0000:75:00.0", node_id=5, guid=28851, hip_index=3)
CPU = Agent(is_gpu=False, node_id=0, logical_node_id=0)
MINE = Agent(is_gpu=True, node_id=5, logical_node_id=5, gpu_id=28851, domain=0, location_id=0x7500)
OTHER = Agent(is_gpu=True, node_id=6, logical_node_id=6, gpu_id=51499, domain=0, location_id=0x0500)


def recorded(*labels: str | None, agents: tuple[Agent, ...] = (CPU, MINE, OTHER)) -> Recording:
    launches = tuple(Launch(kernel="k", calls=1, total_ns=5, agent=label) for label in labels)
    return Recording(launches=launches, agents=agents)


@pytest.mark.parametrize("label", ["Agent 5", "5", "GPU 0"])
def test_kernels_on_the_leased_card(label: str) -> None:
    """However the trace counts its devices."""
    assert check_card(LEASED, recorded(label)) == (Sameness.SAME, "")


def test_one_kernel_elsewhere_is_enough() -> None:
    """Both cards are named, so that a person can see which mask is wrong."""
    sameness, told = check_card(LEASED, recorded("Agent 5", "Agent 6"))
    assert sameness is Sameness.DIFFERENT
    assert told == (
        "the kernels ran on the GPU at PCI 0000:05:00.0, node 6, KFD id 51499, "
        "not on the leased card 0 (0000:75:00.0, HIP 3)"
    )


@pytest.mark.parametrize(
    "recording",
    [
        recorded(None),
        recorded("Agent 5", "Agent 9"),
        recorded("Agent 5", agents=()),
        recorded(),
        recorded("Agent 5", agents=(replace(MINE, node_id=None, logical_node_id=5, gpu_id=0, location_id=0),)),
    ],
)
def test_what_the_trace_does_not_tell_is_said_to_be_unchecked(recording: Recording) -> None:
    """No label, no such device, no table of devices, no kernel at all, a device without any identity."""
    sameness, told = check_card(LEASED, recording)
    assert sameness is Sameness.UNKNOWN
    assert told.startswith("not checked: ")


def test_a_lone_device_needs_no_label() -> None:
    """There is nothing else that it could have been."""
    assert check_card(LEASED, recorded(None, agents=(CPU, MINE)))[0] is Sameness.SAME


def test_a_card_without_an_address_is_named_by_what_is_known() -> None:
    """The sentence never shows a bare None."""
    bare = Reading(card=2, source="pyrsmi", at_s=0.0, node_id=5)
    told = check_card(bare, recorded("Agent 5", agents=(replace(MINE, gpu_id=None, location_id=None, node_id=5),)))
    assert told == (Sameness.SAME, "")
    _, told_other = check_card(bare, recorded("Agent 6", agents=(OTHER,)))
    assert "card 2 (address unknown, HIP None)" in told_other

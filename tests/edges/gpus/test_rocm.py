"""The ROCm platform on scripted hosts: the right card, found by whichever tool answers."""

import os
from collections.abc import Callable

import pytest

from kernel_opt.edges.gpus.rocm import open_platform
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.rules.card.gate import Thresholds, find_disturbances, judge_card, pick_card
from tests.edges.gpus.conftest import CARDS, ScriptedHost

GIB = 2**30
TRAIN = {"pid": 4711, "name": "train", "cards": [0], "vram": 34 * GIB}
AT_ONCE = Thresholds(gap_s=0.0)


def partitions(count: int) -> list[dict]:
    return [{**CARDS[0], "node_id": 2 + n, "guid": 100 + n, "partition_id": n, "is_mute": n > 0} for n in range(count)]


@pytest.mark.parametrize("source", ["rocm-smi", "amd-smi"])
@pytest.mark.parametrize("rocm", ["6.3", "7.0"])
def test_a_quiet_host_is_read_by_every_tool(host: ScriptedHost, source: str, rocm: str):
    """Load, VRAM, identity and HIP index are known, and the tool's card 0 is HIP's device 1."""
    host.play(rocm=rocm)
    first, second = host.open(source).read_cards()
    assert (first.card, first.hip_index, second.hip_index) == (0, 1, 0)
    assert (first.use_pct, first.vram_used_bytes) == (0.0, 283 * 2**20)
    assert (first.bdf, first.guid, first.users) == ("0000:05:00.0", 28851, ())
    assert (first.perf_level, first.sclk_mhz, first.temperature_c) == ("auto", 131.0, 35.0)


@pytest.mark.parametrize("rocm", ["4.5", "5.7", "6.0", "6.2", "7.0"])
def test_every_version_of_rocm_smi_binds_the_same_card(host: ScriptedHost, rocm: str):
    """Whatever a version tells of a card, it is leased under one name and bound to one index."""
    host.play(rocm=rocm, noise=["None Unable to get list of KFD PIDs. A kernel update may be needed None"])
    platform = host.open()
    card = platform.read_cards()[0]
    assert platform.lease_key(card) == "pci-0000:05:00-p0"
    assert platform.bind(card, {"A": "b"}) == {"A": "b", "HIP_VISIBLE_DEVICES": "1"}


def test_the_first_source_that_answers_is_taken(host: ScriptedHost):
    """A tool that crashes is passed over, and the reading says who told it."""
    host.play(rocm="6.3", moments=[{"fault": "crash", "tools": ["rocm-smi"]}])
    assert {card.source for card in host.open("rocm-smi", "amd-smi").read_cards()} == {"amd-smi"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crash", "invalid literal"),
        ("garbage", "no JSON about any card"),
        ("empty", "Driver not initialized"),
        ("flood", "printed more than"),
    ],
)
def test_a_tool_that_fails_is_told_with_its_reason(host: ScriptedHost, fault: str, reason: str):
    """When no source answers, every one is named with what it said."""
    host.play(moments=[{"fault": fault}])
    with pytest.raises(ReadFailedError, match="no AMD GPU can be read on this host: rocm-smi") as caught:
        host.open("rocm-smi").read_cards()
    assert reason in str(caught.value)


def test_a_tool_that_hangs_is_left(host: ScriptedHost):
    """A hang costs the limit and no more; the next look answers again."""
    host.play(moments=[{"fault": "hang"}, {"from_call": 1, "fault": "slow"}])
    with pytest.raises(ReadFailedError, match="did not answer within 1 s"):
        host.open("rocm-smi", timeout_s=1).read_cards()
    assert host.open("rocm-smi", timeout_s=30).read_cards()[0].use_pct == 0.0


def test_a_host_without_rocm_says_so(monkeypatch: pytest.MonkeyPatch):
    """Without any tool the sentence names all of them and what to do."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        ReadFailedError, match=r"rocm-smi is not on PATH; amd-smi is not on PATH; pyrsmi .*install ROCm"
    ):
        open_platform({"timeout_s": 30}).read_cards()


def test_a_refused_option_is_asked_around(host: ScriptedHost):
    """Old versions that do not know an option are asked for the rest."""
    host.play(refuses=["--showmaxpower"])
    card = host.open().read_cards()[0]
    assert (card.use_pct, card.power_cap_w) == (0.0, None)
    host.play(has_tables=False, rocm="6.3", refuses=["--perf-level"])
    assert host.open("amd-smi").read_cards()[0].use_pct == 0.0


def test_a_neighbour_makes_a_card_busy_and_then_goes(host: ScriptedHost):
    """A host where a neighbour leaves after the first look: the card is busy first and idle later."""
    busy = {"cards": {"0": {"use_pct": 97, "vram_used": 34 * GIB}}, "processes": [TRAIN]}
    host.play(moments=[busy, {"from_call": 1}])
    platform = host.open()
    looks = [platform.read_cards()[0] for _ in range(3)]
    assert judge_card(looks[:2], AT_ONCE).why == "in use by pid 4711 (train)"
    assert judge_card(looks[1:], AT_ONCE).idle


def test_the_one_card_of_eight_that_falls_idle_is_found(host: ScriptedHost):
    """On a full host every card is told busy, until one falls idle: that one is taken, under HIP's own number."""
    cards = [
        {"bdf": f"0000:{5 + n:02x}:00.0", "unique_id": f"0x{n + 16:x}", "node_id": 9 - n, "guid": 100 + n}
        for n in range(8)
    ]
    full = {str(n): {"use_pct": 99, "vram_used": 90 * GIB} for n in range(8)}
    one_idle = {number: now for number, now in full.items() if number != "5"}
    later = {"from_s": 3600.0}
    host.play(rocm="6.3", cards=cards, moments=[{"cards": full}, {"from_call": 2, "cards": one_idle}, later])
    platform = host.open()
    looks = [platform.read_cards() for _ in range(4)]
    states = [judge_card(card, AT_ONCE) for card in zip(*looks[:2], strict=True)]
    assert {state.why for state in states} == {"use 99 % is above 5 %"}
    taken = pick_card([judge_card(card, AT_ONCE) for card in zip(*looks[2:], strict=True)], {})
    assert taken is not None
    assert (taken.reading.card, taken.reading.hip_index) == (5, 2)


@pytest.mark.parametrize("has_tables", [True, False])
def test_a_neighbour_is_noticed_in_the_middle(host: ScriptedHost, has_tables: bool):
    """Somebody who comes while we measure is a disturbance, with and without the driver's tables."""
    busy = {"from_call": 1, "cards": {"0": {"use_pct": 97, "vram_used": 35 * GIB}}, "processes": [TRAIN]}
    host.play(has_tables=has_tables, moments=[{}, busy, {"from_call": 2}])
    platform = host.open()
    before, during, after = (platform.read_cards()[0] for _ in range(3))
    found = find_disturbances(before, [during], after, frozenset(), AT_ONCE)
    assert found == ("another process was on the card: pid 4711 (train)",)


def test_a_power_cap_that_changes_is_noticed(host: ScriptedHost):
    """Somebody who caps the card while we measure is a disturbance."""
    host.play(moments=[{}, {"from_call": 1, "cards": {"0": {"power_cap": 400.0}}}])
    platform = host.open()
    before, after = (platform.read_cards()[0] for _ in range(2))
    assert find_disturbances(before, [], after, frozenset(), AT_ONCE) == ("power cap in W changed from 750.0 to 400.0",)


def test_an_unknown_load_is_never_idle(host: ScriptedHost):
    """A load or a VRAM that the tool cannot tell keeps us off the card."""
    host.play(moments=[{"cards": {"0": {"use_pct": None}, "1": {"vram_used": None}}}])
    platform = host.open()
    looks = list(zip(*(platform.read_cards() for _ in range(2)), strict=True))
    assert [judge_card(card, AT_ONCE).why for card in looks] == ["load unknown", "VRAM unknown"]


@pytest.mark.parametrize("has_tables", [True, False])
def test_secondary_partitions_without_a_load_are_not_idle(host: ScriptedHost, has_tables: bool):
    """Partitions have names and indices of their own; those without a load reading are never idle."""
    host.play(cards=partitions(4), has_tables=has_tables)
    platform = host.open()
    looks = [platform.read_cards() for _ in range(2)]
    assert [card.hip_index for card in looks[0]] == [0, 1, 2, 3]
    assert len({platform.lease_key(card) for card in looks[0]}) == 4
    judged = [judge_card(card, AT_ONCE).idle for card in zip(*looks, strict=True)]
    assert judged == [True, False, False, False]


def test_without_tables_rocminfo_tells_the_order(host: ScriptedHost):
    """Where sysfs cannot be read, rocminfo is asked, once."""
    host.play(rocm="5.7", has_tables=False)
    platform = host.open()
    assert [card.hip_index for card in platform.read_cards()] == [1, 0]
    assert [card.hip_index for card in platform.read_cards()] == [1, 0]
    assert (host.root / "host.rocminfo.calls").read_bytes() == b"."


def test_without_tables_and_rocminfo_a_card_is_bound_by_its_id(host: ScriptedHost):
    """Where nobody tells HIP's order the chip's own id is enough to bind the right card."""
    host.play(rocm="5.7", has_tables=False, moments=[{"fault": "crash", "tools": ["rocminfo"]}])
    platform = host.open()
    card = platform.read_cards()[0]
    assert (card.hip_index, card.withheld) == (None, None)
    assert platform.bind(card, {})["ROCR_VISIBLE_DEVICES"] == "GPU-8d1457e2c20f59d2"


def test_the_users_mask_in_our_own_environment_holds(host: ScriptedHost, monkeypatch: pytest.MonkeyPatch):
    """Cards outside a mask that a scheduler set for us are not taken, and the child's index counts within it."""
    monkeypatch.setenv("ROCR_VISIBLE_DEVICES", "1")
    host.play()
    platform = host.open()
    ours, hidden = platform.read_cards()
    assert ours.withheld is None
    assert judge_card([hidden, hidden], AT_ONCE).why == "hidden by ROCR_VISIBLE_DEVICES=1"
    assert platform.bind(ours, {}) == {"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "0"}


def test_in_a_container_pids_are_the_hosts(host: ScriptedHost):
    """In another PID namespace the readings say that the users' numbers are not ours."""
    host.play(pid_namespace="pid:[4026532999]", moments=[{"processes": [TRAIN]}])
    card = host.open().read_cards()[0]
    assert card.pids_local is False
    assert [user.pid for user in card.users or ()] == [4711]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"source": ["rocm-smi"]}, "no option 'source'"),
        ({"sources": ["nvidia-smi"]}, "called 'nvidia-smi'"),
        ({"sources": []}, "called ''"),
        ({"timeout_s": 0}, "timeout_s = 0"),
        ({"timeout_s": "5"}, "timeout_s = '5'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, told: str):
    """A wrong option says what is right."""
    with pytest.raises(UsageError, match=told):
        open_platform(options)


@pytest.mark.parametrize(
    "spell", [lambda path: {"rocm-smi": path}, lambda path: [f"rocm-smi={path}"]], ids=["map", "list"]
)
def test_a_tool_may_be_named_by_its_path(
    host: ScriptedHost, make_tool: Callable[[str, str], str], spell: Callable[[str], object]
):
    """A tool that is not on PATH is found where the settings say."""
    host.play(has_tables=False)
    tool = make_tool("mine", 'echo \'{"card0": {"GPU use (%)": "3"}}\'')
    card = host.open("rocm-smi", tools=spell(tool)).read_cards()[0]
    assert (card.use_pct, card.hip_index) == (3.0, 0)
    assert os.environ["PATH"].startswith("/")

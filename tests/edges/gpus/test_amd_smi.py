"""amd-smi: bare and wrapped lists, partitions, throttling, and process tables in every layout."""

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.amd_smi import build_readings, find_entries, read_cards
from kernel_opt.edges.gpus.amd_smi_users import read_users
from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import GpuUser, Reading

MIB = 2**20


def quantity(value: object, unit: str) -> dict:
    return {"value": value, "unit": unit}


METRIC = {
    "gpu": 0,
    "usage": {"gfx_activity": quantity(42, "%"), "umc_activity": quantity(1, "%"), "mm_activity": "N/A"},
    "mem_usage": {"total_vram": quantity(196592, "MB"), "used_vram": quantity(283, "MB")},
    "power": {"socket_power": quantity(133, "W"), "throttle_status": "UNTHROTTLED"},
    "clock": {"gfx_0": {"clk": quantity(131, "MHz")}, "mem_0": {"clk": quantity(900, "MHz")}},
    "temperature": {"edge": "N/A", "hotspot": quantity(35, "C")},
    "perf_level": "AMDSMI_DEV_PERF_LEVEL_AUTO",
}
IDENTITY = {"gpu": 0, "bdf": "0000:0C:00.0", "kfd_id": 45412, "node_id": 1, "partition_id": 0}


def answer(document: object) -> Answer:
    return Answer(json.dumps(document, indent=4), "", 0)


def build_one(metric: dict, identity: dict | None = None) -> Reading:
    return build_readings({0: metric}, {0: identity or {}}, {}, {}, 1.0)[0]


def playing(answers: dict[str, Answer]) -> Callable[[Sequence[str]], Answer]:
    def ask(argv: Sequence[str]) -> Answer:
        key = f"{argv[1]} {argv[2]}"
        if key not in answers:
            raise ReadFailedError(f"no {key} here")
        return answers[key]

    return ask


def test_everything_is_read():
    """Numbers with units, the identity of the list and the level's short name all arrive in the reading."""
    reading = build_one(METRIC, IDENTITY)
    assert (reading.use_pct, reading.vram_used_bytes, reading.vram_total_bytes) == (42.0, 283 * MIB, 196592 * MIB)
    assert (reading.bdf, reading.guid, reading.node_id, reading.partition_id) == ("0000:0c:00.0", 45412, 1, 0)
    assert (reading.sclk_mhz, reading.mclk_mhz, reading.temperature_c, reading.power_w) == (131.0, 900.0, 35.0, 133.0)
    assert (reading.perf_level, reading.throttled) == ("auto", False)


def test_a_part_may_be_a_word():
    """Where "N/A" stands for a whole part or a number, that part is unknown and the rest is read."""
    reading = build_one({**METRIC, "mem_usage": "N/A", "usage": {"gfx_activity": "N/A"}, "perf_level": "N/A"})
    assert (reading.vram_used_bytes, reading.use_pct, reading.perf_level) == (None, None, None)
    assert reading.power_w == 133.0


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"gpu_data": [one]}], ids=["bare", "wrapped"])
def test_bare_and_wrapped_lists_are_the_same(wrap: Callable[[dict], object]):
    """Newer versions wrap the list; both are read, also behind a warning on stdout."""
    noisy = Answer("WARNING: User is not in the group render\n" + json.dumps(wrap(METRIC), indent=4), "", 0)
    assert find_entries(noisy) == {0: METRIC}


def test_several_documents_are_one_answer():
    """Arrays in a row, and an object told twice, are joined by GPU number."""
    text = json.dumps([{"gpu": 0, "a": 1}]) + "\n" + json.dumps([{"gpu": 0, "b": 2}, {"gpu": 1}])
    assert find_entries(Answer(text, "", 0)) == {0: {"gpu": 0, "a": 1, "b": 2}, 1: {"gpu": 1}}


@pytest.mark.parametrize("text", ["GPU: 0\n    BDF: 0000:23:00.0", "", "[]", '[{"gpu": "N/A"}]', '{"type": "HBM"}'])
def test_output_without_cards_is_refused(text: str):
    """Text tables, empty lists and entries without a number are refused, with the tool's words."""
    with pytest.raises(ReadFailedError, match="no JSON about any card"):
        find_entries(Answer(text, "", 0))


def load_of(usage: dict, partition_id: int | None) -> float | None:
    return build_one({"usage": usage}, {"partition_id": partition_id}).use_pct


def test_a_partition_has_its_own_load():
    """The busiest engine of the partition counts; the card's figure is none of a secondary partition's."""
    busy = {"xcp_0": [quantity(0, "%"), "N/A"], "xcp_1": [quantity(3, "%"), quantity(80, "%"), "N/A"]}
    usage = {"gfx_activity": quantity(0, "%"), "gfx_busy_inst": busy}
    assert load_of(usage, 0) == 0.0
    assert load_of(usage, 1) == 80.0
    assert load_of(usage, 2) is None


def test_a_retired_figure_never_hides_load():
    """A card's figure that stayed at zero does not hide the engines, nor an unknown engine the figure."""
    assert load_of({"gfx_activity": quantity(0, "%"), "gfx_busy_inst": {"xcp_0": [quantity(70, "%")]}}, None) == 70.0
    assert load_of({"gfx_activity": quantity(60, "%"), "gfx_busy_inst": {"xcp_0": ["N/A"]}}, None) == 60.0
    assert load_of({"gfx_activity": "N/A", "gfx_busy_inst": "N/A"}, None) is None
    assert load_of({"gfx_activity": quantity(65535, "%")}, None) is None


@pytest.mark.parametrize(
    ("metric", "throttled"),
    [
        ({"power": {"throttle_status": "THROTTLED"}}, True),
        ({"throttle": {"ppt_violation_status": "ACTIVE", "hbm_violation_status": "NOT ACTIVE"}}, True),
        ({"throttle": {"ppt_violation_status": "NOT ACTIVE", "accumulation_counter": 5}}, False),
        ({"throttle": {"ppt_violation_status": "N/A"}}, None),
        ({}, None),
    ],
)
def test_throttling_is_known_or_not(metric: dict, throttled: bool | None):
    """Old and new ways of telling that a card is held back are read; nothing told is unknown."""
    assert build_one(metric).throttled is throttled


def process_row(**more: object) -> dict:
    return {"process_info": {"name": "train", "pid": 7, **more}}


@pytest.mark.parametrize(
    "entry",
    [
        {"gpu": 0, "process_list": [process_row(memory_usage={"vram_mem": quantity(5, "B")})]},
        {"gpu": 0, "process_info": {"name": "train", "pid": 7, "memory_usage": {"vram_mem": "5 B"}}},
        {"gpu": 0, "process_info": [{"name": "train", "pid": 7, "memory_usage": {"vram_mem": 5}}]},
        {
            "pid": 7,
            "name": "train",
            "gpus": [{"gpu_index": 0, "memory_usage": {"vram_mem": quantity(5, "B")}}, {"gpu_index": "N/A"}],
        },
    ],
    ids=["6.2", "6.0", "6.1", "by-pid"],
)
def test_every_layout_of_processes_is_read(entry: dict):
    """Processes under cards and cards under processes tell the same user."""
    assert read_users([entry]) == {0: (GpuUser(7, "train", 5),)}


@pytest.mark.parametrize(
    "entry",
    [
        {"gpu": 0, "process_info": "Not Found"},
        {"gpu": 0, "process_list": [{"process_info": "No running processes detected"}]},
        {"gpu": 0, "process_list": "N/A"},
        {"gpu": 0, "process_list": [process_row(memory_usage={"vram_mem": quantity(0, "B"), "gtt_mem": "0.0 B"})]},
        {"gpu": "N/A", "process_list": [process_row()]},
        {"gpu": 0, "process_list": [{"process_info": {"name": "train", "pid": "N/A"}}]},
        {},
    ],
    ids=range(7),
)
def test_silence_proves_nothing(entry: dict):
    """Without a row that holds something no card gets a user, and none is said to be free of users."""
    assert read_users([entry]) == {}


def test_a_row_with_unknown_memory_counts():
    """A process listed on a card counts unless it is known to hold nothing; shared memory counts as held."""
    unknown = {"gpu": 0, "process_list": [process_row(mem_usage=quantity(0, "B"))]}
    shared = {"vram_mem": quantity(0, "B"), "gtt_mem": quantity(64, "MB")}
    assert read_users([unknown]) == {0: (GpuUser(7, "train", None),)}
    assert read_users([{"gpu": 1, "process_list": [process_row(memory_usage=shared)]}]) == {
        1: (GpuUser(7, "train", 0),)
    }


def test_three_answers_make_a_reading():
    """Metrics, identities and processes are joined by the GPU's number."""
    rows = [{"gpu": 0, "process_list": [process_row(memory_usage={"vram_mem": quantity(5, "B")})]}]
    answers = {"metric --usage": answer([METRIC]), "list --json": answer([IDENTITY]), "process --json": answer(rows)}
    (reading,) = read_cards(playing(answers), 2.0)
    assert (reading.use_pct, reading.guid, reading.users) == (42.0, 45412, (GpuUser(7, "train", 5),))


def test_only_the_metrics_must_answer():
    """A version that does not know a section is asked for all; identities and processes may fail."""
    (reading,) = read_cards(playing({"metric --json": answer({"gpu_data": [METRIC]})}), 2.0)
    assert (reading.use_pct, reading.guid, reading.users) == (42.0, None, None)
    with pytest.raises(ReadFailedError, match="no metric --json here"):
        read_cards(playing({"list --json": answer([IDENTITY])}), 2.0)


LEAVES = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(), st.booleans())
KEYS = st.sampled_from([*METRIC, *IDENTITY, "value", "unit", "gfx_activity", "gfx_busy_inst", "xcp_0", "total_vram"])
MORE_KEYS = st.sampled_from(["used_vram", "process_list", "process_info", "pid", "gpus", "gpu_index", "memory_usage"])
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, MORE_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_document_is_read_or_refused(document: object):
    """Known keys in any place with any value give sane readings and users, or our own refusal."""
    told = Answer(json.dumps(document), "", 0)
    try:
        cards = read_cards(lambda _: told, 0.0)
    except ReadFailedError:
        return
    for card in cards:
        assert card.use_pct is None or 0 <= card.use_pct <= 100
        assert card.vram_used_bytes is None or 0 <= card.vram_used_bytes <= (card.vram_total_bytes or 0)


@pytest.mark.parametrize(
    ("limit", "cap"),
    [
        ({"max_power": "750 W", "current_power": "700 W"}, 700.0),
        ({"max_power": quantity(750, "W"), "min_power": quantity(0, "W"), "socket_power": quantity(650, "W")}, 650.0),
        ({"ppt0": {"max_power_limit": quantity(1400, "W"), "socket_power_limit": quantity(1200, "W")}}, 1200.0),
        ({"ppt0": {"socket_power_limit": "N/A"}, "ppt1": "N/A"}, None),
        ({"power": 300, "temperature_edge": 100}, 300.0),
        ({"socket_power": quantity(0, "W")}, None),
        ("N/A", None),
    ],
)
def test_the_power_cap_has_four_names(limit: object, cap: float | None):
    """What caps the card's power now is read in every version's words; the highest cap allowed is something else."""
    (reading,) = build_readings({0: METRIC}, {}, {0: {"gpu": 0, "limit": limit}}, {}, 1.0)
    assert reading.power_cap_w == cap


@pytest.mark.parametrize(
    ("clocks", "partition_id", "mhz"),
    [
        ({"gfx_0": {"clk": quantity(131, "MHz")}, "gfx_1": {"clk": quantity(2100, "MHz")}, "mem_0": {}}, 0, 2100.0),
        ({"gfx_0": {"clk": "N/A"}, "gfx_1": {"clk": quantity(900, "MHz")}}, None, 900.0),
        ({"gfx_0": {"clk": quantity(131, "MHz")}, "gfx_1": {"clk": quantity(2100, "MHz")}}, 1, 2100.0),
        ({"gfx_0": {"clk": quantity(1500, "MHz")}, "vclk_0": {"clk": quantity(3000, "MHz")}}, 3, 1500.0),
        ({"gfx_0": "N/A"}, 0, None),
        ({}, 2, None),
    ],
)
def test_the_core_clock_of_many_dies(clocks: dict, partition_id: int | None, mhz: float | None):
    """A die that sleeps does not stand for a card that works; a partition has a die of its own."""
    assert build_one({**METRIC, "clock": clocks}, {"gpu": 0, "partition_id": partition_id}).sclk_mhz == mhz

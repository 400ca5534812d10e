"""rocm-smi: every version's keys are read, and its silence is never a number."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.edges.gpus.rocm_smi import parse, read_cards
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import GpuUser, Reading

OLD = {"GPU use (%)": "7", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896"}
NEW = {
    **OLD,
    "Device Name": "AMD Instinct MI210",
    "GUID": "12605",
    "Node ID": "1",
    "Unique ID": "0x8D1457E2C20F59D2",
    "PCI Bus": "0000:C1:00.0",
    "GFX Version": "gfx90a",
    "Compute Partition": "spx",
    "Performance Level": "auto",
    "sclk clock speed:": "(800Mhz)",
    "mclk clock level": "0: (1600Mhz)",
    "Max Graphics Package Power (W)": "300.0",
    "Current Socket Graphics Package Power (W)": "42.0",
    "Temperature (Sensor edge) (C)": "50.0",
}


def answer(document: object, *, before: str = "", after: str = "", exit_code: int = 0) -> Answer:
    return Answer(f"{before}{json.dumps(document)}\n{after}", "", exit_code)


def read_one(entry: dict, **others: object) -> Reading:
    return parse(answer({"card0": entry, **others}), 1.0)[0]


def test_the_old_keys_are_read():
    """Load and VRAM have the same keys since 4.5 and are read exactly."""
    reading = read_one(OLD)
    assert (reading.use_pct, reading.vram_used_bytes, reading.vram_total_bytes) == (7.0, 10960896, 68702699520)
    assert (reading.card, reading.source, reading.at_s) == (0, "rocm-smi", 1.0)


def test_everything_a_new_version_tells_is_read():
    """Identity, clocks, power and temperature are read whatever colon or capital the version puts."""
    reading = read_one(NEW)
    assert (reading.name, reading.gfx, reading.partition) == ("AMD Instinct MI210", "gfx90a", "SPX")
    assert (reading.bdf, reading.unique_id) == ("0000:c1:00.0", "0x8d1457e2c20f59d2")
    assert (reading.node_id, reading.guid) == (1, 12605)
    assert (reading.sclk_mhz, reading.mclk_mhz, reading.perf_level) == (800.0, 1600.0, "auto")
    assert (reading.power_w, reading.power_cap_w, reading.temperature_c) == (42.0, 300.0, 50.0)


def test_the_names_moved_but_mean_the_same():
    """The series was spelled with a small letter before 6.1."""
    assert read_one({"Card series": "Radeon RX 6800"}).name == "Radeon RX 6800"
    assert read_one({"Average Graphics Package Power (W)": "11.0"}).power_w == 11.0


@pytest.mark.parametrize("value", ["N/A", "-1", "65535", "4294967295", "unknown", "None", "", "12345"])
def test_a_load_that_is_none_is_unknown(value: str):
    """No way of not knowing the load becomes a load."""
    assert read_one({**OLD, "GPU use (%)": value}).use_pct is None


def test_a_missing_key_is_unknown():
    """Secondary partitions show VRAM and no load: the load is unknown, never 0."""
    reading = read_one({key: value for key, value in OLD.items() if key.startswith("VRAM")})
    assert reading.use_pct is None
    assert reading.vram_used_bytes == 10960896


@pytest.mark.parametrize(("used", "total"), [("9", "8"), ("9", "0"), ("9", "N/A"), ("N/A", "8")])
def test_vram_that_cannot_be_is_unknown(used: str, total: str):
    """More used than there is, or used of nothing, is no reading of VRAM."""
    reading = read_one({"VRAM Total Memory (B)": total, "VRAM Total Used Memory (B)": used})
    assert reading.vram_used_bytes is None


def test_noise_and_exit_codes_do_not_matter():
    """The JSON is found after a complaint, before a warning, and with an exit code of failure."""
    noise = "None Unable to get list of KFD PIDs. A kernel update may be needed None\n"
    found = parse(answer({"card0": OLD}, before=noise, after="WARNING: low-power state\n", exit_code=10), 0.0)
    assert found[0].use_pct == 7.0


def test_cards_are_told_in_their_order():
    """Cards shuffled in the object, and keys that are no cards, do not confuse the numbers."""
    found = parse(answer({"card10": OLD, "card2": NEW, "system": {}, "cardx": OLD}), 0.0)
    assert [(reading.card, reading.guid) for reading in found] == [(2, 12605), (10, None)]


def test_processes_are_split_from_the_right():
    """A name with blanks has grown commas, which are taken back; the last four columns stay what they are."""
    system = {"PID1234": "python3, train.py, 1, 10960000, 0, 83", "PID9": "monitor, 0, 0, 0, 4294967295"}
    assert read_one(OLD, system=system).users == (GpuUser(1234, "python3 train.py", 10960000),)


def test_no_process_table_is_not_an_empty_one():
    """Without the key, or without a row, who uses a card is unknown; with idle rows only it is nobody."""
    assert read_one(OLD).users is None
    assert read_one(OLD, system={"driver": "6.7"}).users is None
    assert read_one(OLD, system={"PID9": "monitor, 0, 0, 0, 0"}).users == ()


def test_unknown_columns_leave_doubt():
    """A process of which nothing is known puts the card in doubt, not in use; a torn row does the same."""
    reading = read_one(OLD, system={"PID9": "unknown, unknown, unknown, unknown, unknown"})
    assert reading.users is None
    assert reading.problem == "pid 9 (unknown) may be on it"
    assert read_one(OLD, system={"PID9": "torn, 1"}).users is None


@pytest.mark.parametrize(
    ("stdout", "stderr", "reason"),
    [
        ("", "ERROR:root:Driver not initialized (amdgpu not found in modules)\n", "amdgpu not found"),
        ("", "WARNING: No AMD GPUs specified\nWARNING: No JSON data to report\n", "No JSON data"),
        ("Unable to load the rocm_smi library.\n", "", "Unable to load"),
        ("GPU  Temp\n0    50.0c\n====\n", "", "0    50.0c"),
        ('{"card0": {"GPU use (%)": "0"}, "card1": {"GP', "", "card0"),
        ('{"system": {"PID1": "x, 0, 0, 0, 0"}}', "", "PID1"),
        ('{"card0": "N/A"}', "", "card0"),
        ("", "", "it said nothing"),
    ],
)
def test_output_without_cards_is_refused_with_the_reason(stdout: str, stderr: str, reason: str):
    """No driver, no GPU, no library, a table or a torn document is refused, and the tool's own words are told."""
    with pytest.raises(ReadFailedError, match="no JSON about any card") as caught:
        parse(Answer(stdout, stderr, 0), 0.0)
    assert reason in str(caught.value)


def test_a_crash_over_an_option_is_asked_around():
    """When the full question crashes the tool, the short one that matters is asked."""
    asked: list[tuple[str, ...]] = []

    def ask(argv: tuple[str, ...]) -> Answer:
        asked.append(tuple(argv))
        return Answer("", "UnboundLocalError: device_sku", 1) if "--showproductname" in argv else answer({"card0": OLD})

    assert read_cards(ask, 0.0)[0].use_pct == 7.0
    assert len(asked) == 2
    assert not any("--showmemuse" in argv for argv in asked)


ENTRY_VALUES = st.one_of(
    st.text(max_size=8), st.integers(), st.floats(), st.none(), st.lists(st.integers(), max_size=2)
)


@given(
    st.dictionaries(
        st.sampled_from(["card0", "card1", "system", "x"]),
        st.one_of(ENTRY_VALUES, st.dictionaries(st.sampled_from([*NEW, "PID1", "PID2"]), ENTRY_VALUES)),
    )
)
def test_any_document_is_read_or_refused(document: dict):
    """Whatever values stand under the known keys: sane readings, or our own refusal."""
    try:
        found = parse(answer(document), 0.0)
    except ReadFailedError:
        return
    for reading in found:
        assert reading.use_pct is None or 0 <= reading.use_pct <= 100
        assert reading.vram_used_bytes is None or 0 <= reading.vram_used_bytes <= (reading.vram_total_bytes or 0)


@given(st.integers(0, len(json.dumps({"card0": NEW, "card1": OLD}))), st.characters())
def test_a_damaged_output_never_makes_a_card_idle(place: int, letter: str):
    """One character changed anywhere gives the true figures, unknown ones, or a refusal: never a free card."""
    text = json.dumps({"card0": {**NEW, "GPU use (%)": "99"}})
    damaged = text[:place] + letter + text[place + 1 :]
    try:
        found = parse(Answer(damaged, "", 0), 0.0)
    except ReadFailedError:
        return
    assert all(reading.use_pct is None or reading.use_pct >= 1 or str(letter).isdecimal() for reading in found)

"""Every parser reads what is true, and takes what is spoilt as unknown or refuses it with a sentence."""

import json
import random

import pytest

from kernel_opt.edges.gpus import amd_smi, rocm_smi
from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.model.reading import Reading
from tests.fuzz import seeds
from tests.fuzz.spoil import spoil
from tests.fuzz.targets import TARGETS

INPUTS = 150
UNKNOWN = ("N/A", "None", "unknown", "-1", "4294967295", "65535", "18446744073709551615", "NaN", "", None, -1, [], {})
NUMBERS = ("use_pct", "vram_used_bytes", "sclk_mhz", "mclk_mhz", "temperature_c", "power_w", "power_cap_w")


@pytest.mark.parametrize("name", TARGETS)
def test_spoilt_input_is_read_or_refused(name: str) -> None:
    """The seeds as they are, then each spoilt in the same ways at every run of this test."""
    target, source = TARGETS[name], random.Random(name)
    for seed in target.seeds:
        target.run(seed)
    for _ in range(INPUTS):
        target.run(spoil(source, target.seeds))


def known(reading: Reading) -> dict[str, float]:
    """The figures of a reading that are known."""
    return {name: value for name in NUMBERS if (value := getattr(reading, name)) is not None}


@pytest.mark.parametrize("key", seeds.CARD)
@pytest.mark.parametrize("word", UNKNOWN, ids=repr)
def test_no_unknown_of_rocm_smi_becomes_a_number(key: str, word: object) -> None:
    """With any value unknown, every other figure stays and none is made up."""
    (whole,) = rocm_smi.parse(Answer(json.dumps({"card0": seeds.CARD}), "", 0), 1.0)
    (found,) = rocm_smi.parse(Answer(json.dumps({"card0": {**seeds.CARD, key: word}}), "", 0), 1.0)
    assert known(found).items() <= known(whole).items()
    assert len(known(whole)) == len(NUMBERS)


def replace_leaf(node: object, path: tuple[object, ...], word: object) -> object:
    """Return the document with another value at one place."""
    if not path:
        return word
    if isinstance(node, dict):
        return {key: replace_leaf(value, path[1:], word) if key == path[0] else value for key, value in node.items()}
    assert isinstance(node, list)
    return [replace_leaf(value, path[1:], word) if key == path[0] else value for key, value in enumerate(node)]


PLACES = [
    *[("usage", "gfx_activity"), ("usage",), ("mem_usage", "used_vram"), ("mem_usage",), ("power", "socket_power")],
    *[("clock", "gfx_0", "clk"), ("clock", "gfx_0"), ("clock",), ("temperature", "hotspot"), ("temperature",)],
    *[("usage", "gfx_activity", "value"), ("mem_usage", "used_vram", "value"), ("clock", "mem_0", "clk", "unit")],
]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("word", UNKNOWN, ids=repr)
def test_no_unknown_of_amd_smi_becomes_a_number(path: tuple[object, ...], word: object) -> None:
    """The same for a value, its number, its unit and a whole part; the load never falls below what engines tell."""

    def read(metric: object) -> dict[str, float]:
        entries = amd_smi.find_entries(Answer(json.dumps([metric]), "", 0))
        return known(amd_smi.build_readings(entries, {}, {}, {}, 1.0)[0])

    whole, found = read(seeds.METRIC), read(replace_leaf(seeds.METRIC, path, word))
    if path[:2] == ("usage", "gfx_activity"):
        assert found.pop("use_pct") == 3.0
    assert found.items() <= whole.items()

"""Numbers as tools print them: exact where they are numbers, unknown in every other case."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.values import (
    read_bytes,
    read_count,
    read_number,
    read_percent,
    read_quantity,
    read_text,
    read_unique_id,
)

UNKNOWN = [
    *("N/A", "", "None", "unknown", "-1", "4294967295", "65535", "18446744073709551615", "NaN", "inf", "1e3", "0x10"),
    *(
        None,
        -1,
        65535,
        4294967295,
        math.nan,
        math.inf,
        1e308,
        2**63,
        True,
        False,
        [],
        {},
        {"value": "N/A", "unit": "%"},
        b"1",
        "1 2",
    ),
]


@pytest.mark.parametrize("value", UNKNOWN, ids=lambda value: f"{type(value).__name__}-{value!r}")
def test_unknown_is_no_number(value: object):
    """Every way in which a tool says that it does not know is None, whatever it is read as."""
    assert read_quantity(value) is None
    assert read_number(value) is None
    assert read_count(value) is None
    assert read_percent(value) is None
    assert read_bytes(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [("42", 42), (" 42 % ", 42), ("(137Mhz)", 137), ("750.0W", 750), ({"value": 7.5, "unit": "W"}, 7.5), (0, 0)],
)
def test_a_number_is_read_with_or_without_unit(value: object, number: float):
    """Bare, with a unit, in parentheses, or as value and unit: the number is the same."""
    assert read_number(value) == number


def test_a_percentage_is_at_most_100():
    """Counters and other units do not pass for a percentage."""
    assert read_percent("100") == 100.0
    assert read_percent("101") is None
    assert read_percent("5 W") is None
    assert read_percent({"value": 5, "unit": "%"}) == 5.0
    assert read_percent({"value": 5, "unit": None}) == 5.0


def test_bytes_are_exact_and_units_are_powers_of_two():
    """Bytes keep every digit; the tools' MB is 2**20; another unit is unknown."""
    assert read_bytes("206141652993") == 206141652993
    assert read_bytes({"value": 283, "unit": "MB"}) == 283 * 2**20
    assert read_bytes("7.5 GB") == int(7.5 * 2**30)
    assert read_bytes("5 %") is None


def test_a_count_is_whole_and_bare():
    """A fraction or a unit is not a count."""
    assert read_count("4711") == 4711
    assert read_count("1.5") is None
    assert read_count("3 MB") is None


def test_texts_that_say_nothing_are_none():
    """Words for "unknown" are no text."""
    assert read_text(" auto ") == "auto"
    assert read_text("N/A") is None
    assert read_text(5) is None


def test_an_id_has_all_its_digits():
    """A chip's id is spelled alike whatever zeros a tool leaves out; none is none."""
    assert read_unique_id("0x8D1457E2C20F59") == read_unique_id("008d1457e2c20f59") == "0x008d1457e2c20f59"
    assert read_unique_id("141", base=10) == "0x000000000000008d"
    assert [read_unique_id(value) for value in ("0x0", "N/A", "", None, "f" * 16, "1" * 40)] == [None] * 6


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers()), st.binary()))
def test_any_value_is_a_sane_number_or_unknown(value: object):
    """Whatever comes, nothing is raised, and a number is finite, not negative and no "all bits set"."""
    for read in (read_number, read_count, read_percent, read_bytes):
        number = read(value)
        assert number is None or (number >= 0 and math.isfinite(number) and number not in {65535, 4294967295})


@given(st.integers(0, 10**15), st.sampled_from(["", " ", " B"]))
def test_written_bytes_are_read_back(count: int, unit: str):
    """Every byte count that is not a sentinel survives being printed."""
    if count not in {65535, 4294967295}:
        assert read_bytes(f"{count}{unit}") == count

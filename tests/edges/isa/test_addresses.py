"""Addresses in linked machine code: taken out where they are known for such, left alone everywhere else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.isa.addresses import split_addresses

GETPC = {
    "gfx906": 0xBE861C00,
    "gfx942": 0xBE861C00,
    "gfx1030": 0xBE861F00,
    "gfx1100": 0xBE864700,
    "gfx1201": 0xBE864700,
}
"""``s_getpc_b64 s[6:7]`` as the assembler writes it."""
SUMS = 0x8006FF06, 12, 0x8207FF07, 0
EXTEND = 0xBE870F07


def words(*values: int) -> bytes:
    """Return machine code."""
    return struct.pack(f"<{len(values)}I", *values)


def place(address: int) -> str | None:
    """Know one place."""
    return "table" if address == 0x1000 + 8 + 12 else None


@pytest.mark.parametrize("gfx", GETPC)
def test_a_known_distance_becomes_a_place(gfx):
    """After a nop: the counter stands behind its own instruction."""
    code = words(0xBF800000, GETPC[gfx], *SUMS, 0xBF810000)
    assert split_addresses(code, 0x1000, gfx, place) == (
        words(0xBF800000, GETPC[gfx], 0x8006FF06, 0, 0x8207FF07, 0, 0xBF810000),
        ["1 table"],
    )


def test_gfx12_extends_the_sign_first():
    """One instruction more between."""
    code = words(0xBF800000, GETPC["gfx1201"], EXTEND, *SUMS)
    changed, places = split_addresses(code, 0x1000, "gfx1201", place)
    assert places == ["1 table"]
    assert changed == words(0xBF800000, GETPC["gfx1201"], EXTEND, 0x8006FF06, 0, 0x8207FF07, 0)


def test_a_place_before_the_code():
    """The distance is negative."""
    back = -0x100 % (1 << 64)
    code = words(0xBE861C00, 0x8006FF06, back & 0xFFFFFFFF, 0x8207FF07, back >> 32)
    assert split_addresses(code, 0x1000, "gfx942", hex)[1] == ["0 0xf04"]


@pytest.mark.parametrize(
    "code",
    [
        words(0xBF800000, 0xBE861C00, *SUMS[:-1]),
        words(0xBF800000, 0xBE861C00),
        words(0xBF800000, 0xBE871C00, *SUMS),
        words(0xBF800000, 0xBE861C00, 0x8006FF05, *SUMS[1:]),
        words(0xBF800000, 0xBE861C00, *SUMS[:2], 0x8207FF08, 0),
        words(0xBF800000, 0xBE861F00, *SUMS),
        words(0xBF800000, 0xBE861C00, 0x8006FF06, 13, 0x8207FF07, 0),
        b"\0\0",
        b"",
    ],
)
def test_everything_else_stays_as_it_is(code):
    """Other registers, other instructions, a place that is none, and what is cut off."""
    assert split_addresses(code, 0x1000, "gfx942", place) == (code, [])


@given(st.binary(max_size=64), st.sampled_from(["gfx906", "gfx1100", "gfx1201", "gfx7", None]))
def test_any_bytes(code, gfx):
    """The length never changes, and without a place nothing does."""
    assert split_addresses(code, 0, gfx, lambda _: None) == (code, [])
    changed, _ = split_addresses(code, 0, gfx, lambda _: "somewhere")
    assert len(changed) == len(code)

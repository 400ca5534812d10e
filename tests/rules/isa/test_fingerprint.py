"""One digest for one sequence of instructions."""

from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.isa.fingerprint import digest, fingerprint_text, normalise


def no_symbol(_: str) -> None:
    """Know no symbol of the file."""


def test_jumps_are_told_by_their_distance():
    """The label's name does not matter; where it stands does."""
    assert normalise("s_cbranch_scc1 .LBB0_1", 5, {".LBB0_1": 2}, no_symbol) == "s_cbranch_scc1 <-3>"
    assert normalise('s_branch "a b"', 0, {"a b": 2}, no_symbol) == "s_branch <+2>"


def test_symbols_are_told_by_what_they_stand_for():
    """One of another file keeps its name: it is all that is known of it."""
    known = {"table": "<1234>"}.get
    line = "s_add_u32 s0, s0, table@rel32@lo+4"
    assert normalise(line, 0, {}, known) == "s_add_u32 s0, s0, <1234>@rel32@lo+4"
    assert normalise(line, 0, {}, no_symbol) == line


def test_numbers_and_modifiers_are_no_names():
    """A symbol that is called like the tail of a number is not found in it."""
    known = {"x3ff": "<1>", "rel32": "<2>", "lo": "<3>"}.get
    assert normalise("v_and_b32 v1, 0x3ff, t@rel32@lo", 0, {}, known) == "v_and_b32 v1, 0x3ff, t@rel32@lo"


def test_spacing_does_not_matter():
    """Tabs and runs of blanks are one blank."""
    assert normalise("  s_nop\t\t0 ", 0, {}, no_symbol) == "s_nop 0"
    assert normalise("s_endpgm", 0, {}, no_symbol) == "s_endpgm"


@given(st.lists(st.binary(max_size=8)), st.lists(st.binary(max_size=8)))
def test_borders_count(left, right):
    """Two sequences have one digest only if they are one."""
    assert (digest(left) == digest(right)) == (left == right)


@given(st.lists(st.sampled_from(["s_nop 0", "s_nop 1", "v_add v0, v1", "s_endpgm"])))
def test_order_counts(lines):
    """The same instructions in another order are other code."""
    turned = fingerprint_text(lines[::-1], {}, no_symbol)
    assert (fingerprint_text(lines, {}, no_symbol) == turned) == (lines == lines[::-1])
    assert len(turned.digest) == 32

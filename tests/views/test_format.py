import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.views import format as ft

HOSTILE = "a\x1b[31mred\x1b]0;title\x07\u202egnp.exe\u2066\x00\r\nb\tc\u200b\x9b2J"


def test_clean_leaves_one_harmless_line():
    """Escape codes, reordering marks, nulls and newlines are gone; the words stay."""
    assert ft.clean(HOSTILE) == "a[31mred]0;titlegnp.exe bc2J".replace("exe bc", "exe b c")


@given(st.text())
def test_clean_never_lets_a_control_through(text):
    """Whatever comes in, nothing comes out that steers a terminal or breaks a line; cleaning twice changes nothing."""
    line = ft.clean(text)
    assert all(char.isprintable() or char == "\u00a0" or char.isspace() is False for char in line)
    assert ft.clean(line) == line
    assert "\n" not in line
    assert "\x1b" not in line


def test_clean_line_keeps_indentation():
    """A line of a diff keeps its shape, and shows where something was disarmed."""
    assert ft.clean_line("+\tx = 1\x1b[0m") == "+    x = 1?[0m"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"])), st.integers(0, 30))
def test_shortened_text_fits(text, width):
    """Cut text never takes more columns than asked, wide characters counted double."""
    assert ft.width_of(ft.shorten(text, width)) <= width


def test_shorten_marks_the_cut():
    """Whoever reads it sees that something is missing; what fits is left alone."""
    assert ft.shorten("abcdef", 4) == "abc…"
    assert ft.shorten("abcd", 4) == "abcd"
    assert ft.shorten("日本語", 4) == "日…"
    assert ft.pad("日本", 6) == "日本  "


def test_plain_shows_ascii_only():
    """A terminal without UTF-8 gets readable stand-ins, and question marks for foreign letters."""
    assert ft.plain("6.2 ± 0.4 % → 日…") == "6.2 +- 0.4 % -> ?..."


@pytest.mark.parametrize(
    ("gain", "unsure", "text"),
    [
        (6.234, 0.42, "6.2 ± 0.4 %"),
        (6.234, 3.1, "6 ± 3 %"),
        (-0.04, 0.3, "0.0 ± 0.3 %"),
        (12.3456, 0.001, "12.3 ± 0.1 %"),
        (12.3, None, "about 12 %"),
        (None, None, "unknown"),
        (5.0, math.inf, "5 ± inf %"),
    ],
)
def test_gains_have_no_more_digits_than_known(gain, unsure, text):
    """The last digit shown is the first digit of the uncertainty; without one, whole per cents and `about`."""
    assert ft.gain_text(gain, unsure) == text


@pytest.mark.parametrize(
    ("us", "text"), [(None, "unknown"), (1234.5, "1234"), (123.45, "123.5"), (12.345, "12.35"), (0.5, "0.500")]
)
def test_microseconds_have_the_digits_of_one_run(us, text):
    """Half a per cent of noise decides where the digits end."""
    assert ft.us_text(us) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59.4, "59 s"), (90, "1 min 30 s"), (1800, "30 min"), (7260, "2 h 01 min"), (90000, "1 d 01 h")],
)
def test_durations_have_two_units_at_most(seconds, text):
    """Nobody needs the seconds of a day."""
    assert ft.duration(seconds) == text


def test_counts_and_moments():
    """Words follow their number; documents speak UTC."""
    assert ft.count(1, "pair") == "1 pair"
    assert ft.count(2, "pair") == "2 pairs"
    assert ft.count(0, "class", "classes") == "0 classes"
    assert ft.utc(1_790_000_000) == "2026-09-21 14:13"
    assert len(ft.moment(1_790_000_000)) == 16
    assert ft.short("a" * 40) == "a" * 10


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (0, "0 tokens"), (999, "999 tokens"), (1_000, "1 thousand tokens"), (999_499, "999 thousand tokens"),
        (999_500, "1.0 million tokens"), (5_000_000, "5.0 million tokens"),
    ],
)  # fmt: skip
def test_tokens_as_people_say_them(tokens, text):
    """Nobody needs the last of a million."""
    assert ft.tokens_text(tokens) == text


def test_class_keys_can_be_told_apart_in_a_narrow_column():
    """What all keys share goes first: cut from the right, they would look the same."""
    keys = ["dtype=fp8, block_size=16, head_size=128", "dtype=fp8, block_size=1024, head_size=128"]
    assert ft.tell_apart(keys, 60) == keys
    assert ft.tell_apart(keys, 20) == ["block_size=16", "block_size=1024"]
    assert ft.tell_apart(keys[:1], 12) == ["dtype=fp8,…"]
    assert ft.tell_apart([], 12) == []


@given(st.lists(st.text(min_size=1), max_size=4), st.integers(1, 40))
def test_told_apart_keys_fit(keys, width):
    """Whatever the keys are, each fits its column."""
    shown = ft.tell_apart(keys, width)
    assert len(shown) == len(keys)
    assert all(ft.width_of(key) <= width for key in shown)

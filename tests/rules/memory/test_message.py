"""What of an agent's words may stand in a commit."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.memory.message import LONGEST_CHARS, fit_message


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It hides the loads.\n\nNot for small heads.\n", "It hides the loads.\n\nNot for small heads."),
        ("Fine.\nCo-Authored-By: A <a@b>\nSigned-off-by: x\nkernel-opt-candidate: round 1", "Fine."),
        ("```\nIn a fence.\n```", "In a fence."),
        ("red \x1b[31mtext\u202e", "red  [31mtext"),
        ('{"hypothesis": "x"}', ""),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_words_for_a_commit(text: str, kept: str) -> None:
    """Plain lines; no signature, no mark of ours, no escape code, no JSON."""
    assert fit_message(text) == kept


def test_a_long_story_is_cut_between_words() -> None:
    """And says so."""
    told = fit_message("word " * 1000)
    assert len(told) <= LONGEST_CHARS + 4
    assert told.endswith("word ...")


@given(st.text())
def test_any_text_is_fit_or_nothing(text: str) -> None:
    """Lines of bounded length without anything that steers a terminal."""
    told = fit_message(text)
    assert len(told) <= LONGEST_CHARS + 4
    assert all(char == "\n" or not category(char).startswith("C") for char in told)

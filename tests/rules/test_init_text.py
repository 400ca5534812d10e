"""A settings file with other values in it is still TOML, and still explains every key."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.errors import KernelOptError
from kernel_opt.rules.init_text import fill_in, to_toml

TEMPLATE = """\
# About one kernel.
# More of it.

# What it is.
top = []

[run]
# The command.
command = [
  "a",
  'b[',
]
# The name.
name = "x"
"""
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def test_values_are_put_in_and_the_rest_stays() -> None:
    """Another header, other values, notes above their keys; every other line is the template's."""
    text = fill_in(TEMPLATE, ["Mine."], {"run.command": ["c", "d"]}, {"run.name": ["seen: x"], "top": []})
    assert text == (
        "# Mine.\n\n# What it is.\ntop = []\n\n[run]\n# The command.\n"
        'command = ["c", "d"]\n# The name.\n# seen: x\nname = "x"\n'
    )


@given(VALUES)
def test_whatever_is_written_is_read_back(value: object) -> None:
    """Any value of a settings file survives the way through TOML."""
    assert tomllib.loads(f"x = {to_toml(value)}")["x"] == value


@given(st.text(max_size=40))
def test_a_comment_stays_a_comment(note: str) -> None:
    """Names from a trace may hold anything; none of it becomes a key."""
    text = fill_in(TEMPLATE, [note], {}, {"top": [note]})
    assert tomllib.loads(text) == {"top": [], "run": {"command": ["a", "b["], "name": "x"}}


def test_a_long_list_stands_on_many_lines() -> None:
    """Nobody reads lines of hundreds of letters."""
    text = to_toml(["x" * 50] * 3)
    assert max(map(len, text.splitlines())) < 60
    assert tomllib.loads(f"x = {text}")["x"] == ["x" * 50] * 3


def test_a_template_that_does_not_fit_is_refused() -> None:
    """A key it has not, a value that never ends, and a value that no settings file can hold."""
    with pytest.raises(KernelOptError, match=r"the template has no run.speed"):
        fill_in(TEMPLATE, [], {"run.speed": 1}, {})
    with pytest.raises(KernelOptError, match="line 3 is not TOML"):
        fill_in("# x\n\na = [\n", [], {}, {})
    with pytest.raises(KernelOptError, match="cannot stand in a settings file"):
        to_toml(None)

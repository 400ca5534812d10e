"""A SKILL.md is read as the tools in the wild read it, and ours are checked as the specification has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.skill_text import find_problems, read_skill_text

GOOD = "---\nname: lds-layout\ndescription: What to do. When to use it.\nlicense: MIT\n---\n\n# Body\n"


def test_head_and_body() -> None:
    """Quoted, folded and listed values are one line each; comments and strays are passed over."""
    text = (
        "\ufeff---\nname: 'x'\ndescription: >\n  one\n  two\nallowed-tools:\n- Read\n- Edit\n# no field\n"
        'metadata: "a: b"\n---\nbody'
    )
    skill = read_skill_text(text)
    assert skill is not None
    assert dict(skill.fields) == {
        "name": "x", "description": "one two", "allowed-tools": "- Read - Edit", "metadata": "a: b",
    }  # fmt: skip
    assert (skill.name, skill.description, skill.body) == ("x", "one two", "body")


@pytest.mark.parametrize("text", ["", "# no head", "---\nname: x\n", "--- \nname: x"])
def test_without_a_whole_head_it_is_no_skill(text: str) -> None:
    """Nothing is guessed."""
    assert read_skill_text(text) is None
    assert find_problems("x", text) == ("it does not begin with a head between two lines of ---",)


def test_a_good_one_has_no_problems() -> None:
    """The smallest that the specification allows."""
    assert find_problems("lds-layout", GOOD) == ()


@pytest.mark.parametrize(
    ("folder", "text", "said"),
    [
        ("other", GOOD, "not that of its folder"),
        ("Bad", GOOD.replace("lds-layout", "Bad"), "lower-case"),
        ("a--b", GOOD.replace("lds-layout", "a--b"), "single hyphens"),
        ("a" * 65, GOOD.replace("lds-layout", "a" * 65), "1 to 64"),
        ("lds-layout", GOOD.replace("license", "colour"), "unknown field 'colour'"),
        ("lds-layout", GOOD.replace("What", "x" * 1100), "characters, not 1 to 1024"),
        ("lds-layout", GOOD.replace("description: What to do. When to use it.", "description:"), "0 characters"),
        ("lds-layout", GOOD.replace("license: MIT", "compatibility: " + "x" * 501), "more than 500"),
        ("lds-layout", GOOD + "line\n" * 500, "more than 500 lines"),
    ],
)
def test_each_rule_has_its_words(folder: str, text: str, said: str) -> None:
    """Name, folder, description, known fields, length."""
    assert any(said in problem for problem in find_problems(folder, text))


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    """A hostile head is none or a head, never an error."""
    find_problems("x", f"---\n{text}\n---\n{text}")

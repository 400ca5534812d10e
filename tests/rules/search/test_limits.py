"""Constraints between knobs: understood without ever running them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.search.limits import parse_constraint

HERE = {"RT": 8, "DT": 4, "VW": 16, "OPT": "-O3", "FAST": True}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("RT * DT <= 32", True),
        ("RT * DT < 32", False),
        ("RT * DT <= 16 or VW == 16", True),
        ("RT * DT <= 16 and VW == 16", False),
        ("1 <= DT <= RT", True),
        ("1 <= RT <= DT", False),
        ("not RT > 8", True),
        ("VW % RT == 0", True),
        ("RT // 3 >= 3", False),
        ("RT / 16 == 0.5", True),
        ("-RT + 9 > 0", True),
        ("+RT - 9 >= 0", False),
        ("OPT == '-O3'", True),
        ("OPT != '-O3'", False),
        ("FAST", True),
        ("RT / (DT - 4) > 0", False),
        ("OPT < 3", False),
        ("(RT == 8) == True", True),
    ],
)
def test_a_constraint_means_what_python_would_mean(text: str, holds: bool) -> None:
    """Sums, comparisons, and, or, not; what has no answer does not hold."""
    assert parse_constraint(text).holds(HERE) is holds


def test_one_about_a_knob_that_is_not_there_holds() -> None:
    """It cannot be broken."""
    constraint = parse_constraint("RT_SHARED * DT <= 1")
    assert constraint.names == {"RT_SHARED", "DT"}
    assert constraint.holds(HERE)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "RT.real > 0",
        "[RT][0] > 0",
        "(lambda: RT)()",
        "RT ** 100 > 0",
        "RT << 3 > 1",
        "~RT",
        "RT if DT else VW",
        "x := 3",
        "RT in (1, 2)",
        "RT is 8",
        "b'x' == b'x'",
        "f'{RT}'",
        "RT; DT",
        "RT <=",
        "",
        "RT + " * 200 + "1 > 0",
        "None",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Nothing that calls, reaches into things, or grows without bound."""
    with pytest.raises(ValueError, match=r"."):
        parse_constraint(text)


@given(text=st.text(alphabet="RTDW 0123456789<>=!+-*/%()andort", max_size=40))
def test_any_text_is_a_constraint_or_refused(text: str) -> None:
    """Whatever is written in a settings file, nothing but ValueError comes of it."""
    try:
        constraint = parse_constraint(text)
    except ValueError:
        return
    assert constraint.holds({"RT": 1, "DT": 2, "W": 3}) in {True, False}

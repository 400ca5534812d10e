import pytest

from kernel_opt.views.format import width_of
from kernel_opt.views.history import render_history
from kernel_opt.views.telling import tell_rounds
from kernel_opt.views.terminal import Terminal
from tests.views import canned


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits(width):
    """At every width each round has one line, and the hypothesis keeps some room."""
    lines = render_history(tell_rounds(canned.split().entries), Terminal(width))
    assert len(lines) == 3
    assert max(map(width_of, lines)) <= width
    assert "Wider tiles." in lines[2]


def test_the_columns_line_up():
    """Word for word on 80 columns."""
    assert render_history(tell_rounds(canned.running().entries), Terminal(80)) == [
        "round  ending      faster by     prediction  hypothesis",
        "1      kept        7.5 ± 0.4 %   confirmed   Prefetch block 1 of K earlier.",
        "2      tie         -0.1 ± 0.4 %  refuted     Prefetch block 2 of K earlier.",
        "3      failed                                Prefetch block 3 of K earlier.",
        "4      regression  -7.0 ± 0.4 %  refuted     Prefetch block 4 of K earlier.",
        "5      open                                  Keep Q in registers.",
    ]


def test_wide_terminals_show_the_target():
    """One class is named, several are counted, none is global."""
    run = canned.running()
    lines = render_history(tell_rounds(run.entries), Terminal(120))
    assert "global" in lines[1]
    assert canned.KEYS[1] in lines[5]
    run = canned.Canned().baseline().drop(targets=canned.KEYS)
    assert "2 classes" in render_history(tell_rounds(run.entries), Terminal(120))[1]


def test_colour_marks_the_ending_only():
    """A kept round is green; the text stays where it was."""
    plain = render_history(tell_rounds(canned.running().entries), Terminal(80))
    coloured = render_history(tell_rounds(canned.running().entries), Terminal(80, has_colour=True))
    assert "\x1b[32mkept\x1b[0m" in coloured[1]
    assert coloured[1].replace("\x1b[32m", "").replace("\x1b[0m", "") == plain[1]


def test_no_rounds():
    """A run without rounds says so."""
    assert render_history([], Terminal(80)) == ["No round was begun yet."]

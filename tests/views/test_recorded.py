"""Each view of each canned journal, word for word and at every width, whatever text the journal holds."""

import time

import pytest

from kernel_opt.views.format import width_of
from kernel_opt.views.history import render_history
from kernel_opt.views.status import render_line
from kernel_opt.views.telling import tell_rounds
from kernel_opt.views.terminal import Terminal
from tests.views import recorded
from tests.views.journals import JOURNALS

WIDTHS = (60, 72, 80, 120, 200)
STEERING = {*map(chr, range(32)), *map(chr, range(127, 160)), *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


@pytest.fixture
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_utc")
@pytest.mark.parametrize("name", recorded.RECORDED)
def test_views_word_for_word(name):
    """The files beside this test are samples to read; a change of a view is a change of them."""
    assert recorded.render_recorded(name) == recorded.file_of(name).read_text(encoding="utf-8")


def screens(name: str, terminal: Terminal) -> list[list[str]]:
    run = JOURNALS[name]()
    rounds = list(tell_rounds(run.entries))[-30:]
    run_line = [render_line(recorded.seen_of(run), terminal, 12)]
    shown = [line for one in rounds for line in recorded.render_round(one, terminal)]
    return [recorded.screen_of(run, terminal), run_line, render_history(rounds, terminal), shown]


@pytest.mark.parametrize("name", JOURNALS)
def test_nothing_is_wider_than_the_terminal(name):
    """Every view of every journal fits every width, with text that takes two columns a character too."""
    for width in WIDTHS:
        for lines in screens(name, Terminal(width)):
            assert max(map(width_of, lines), default=0) <= width


@pytest.mark.parametrize("name", JOURNALS)
def test_nothing_steers_the_terminal(name):
    """Without colour there is no control character in any line, whatever a hypothesis holds."""
    for lines in screens(name, Terminal(80)):
        assert not STEERING & set("".join(lines))


@pytest.mark.parametrize("name", JOURNALS)
def test_a_terminal_without_utf8_gets_ascii(name):
    """The C locale sees the same lines in ASCII."""
    for lines in screens(name, Terminal(80, has_unicode=False)):
        assert "".join(lines).isascii()


@pytest.mark.parametrize("name", JOURNALS)
def test_colour_adds_nothing_but_colour(name):
    """Each coloured line without its codes is the plain one: nothing is said by colour alone."""
    plain, coloured = screens(name, Terminal(80)), screens(name, Terminal(80, has_colour=True))
    for before, after in zip(plain, coloured, strict=True):
        text = "\n".join(after)
        for code in ("0", "1", "2", "31", "32", "33"):
            text = text.replace(f"\x1b[{code}m", "")
        assert text == "\n".join(before)


@pytest.mark.parametrize("name", JOURNALS)
def test_the_screen_fits_24_lines(name):
    """Also a screen with trouble leaves no line below the edge."""
    for pid in (4711, None):
        assert len(recorded.screen_of(JOURNALS[name](), Terminal(80), pid)) <= 24

import io

import pytest

from kernel_opt.views.terminal import Terminal, look_at, wrap, write


class Screen(io.TextIOWrapper):
    """A stream that says it is a terminal, in any encoding."""

    def __init__(self, encoding: str = "utf-8", is_terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


UTF8 = {"LANG": "en_GB.UTF-8", "COLUMNS": "100"}


def test_colour_only_on_a_terminal_that_wants_it():
    """Piped, NO_COLOR and dumb terminals are plain."""
    assert look_at(Screen(), UTF8).has_colour
    assert not look_at(Screen(is_terminal=False), UTF8).has_colour
    assert not look_at(Screen(), {**UTF8, "NO_COLOR": "1"}).has_colour
    assert not look_at(Screen(), {**UTF8, "TERM": "dumb"}).has_colour


@pytest.mark.parametrize(
    ("env", "is_terminal", "width"),
    [({"COLUMNS": "100"}, True, 100), ({"COLUMNS": "20"}, True, 60), ({"COLUMNS": "999"}, True, 200),
     ({"COLUMNS": "no"}, True, 80), ({}, False, 200)],
)  # fmt: skip
def test_width_is_kept_between_60_and_200(env, is_terminal, width):
    """A terminal that cannot say how wide it is has 80 columns; a pipe loses nothing."""
    assert look_at(Screen(is_terminal=is_terminal), env).width == width


@pytest.mark.parametrize(
    ("env", "encoding", "has_unicode"),
    [({"LANG": "C"}, "utf-8", False), ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", False),
     ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, "utf-8", True), ({}, "utf-8", False),
     ({"LANG": "de_DE.utf8"}, "utf-8", True),
     ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "utf-8", False), ({"LANG": "de_DE.UTF-8"}, "latin-1", False)],
)  # fmt: skip
def test_unicode_only_where_both_sides_speak_it(env, encoding, has_unicode):
    """Python speaks UTF-8 even under LANG=C; the terminal behind it may not."""
    assert look_at(Screen(encoding), env).has_unicode is has_unicode


def test_a_line_is_cut_coloured_and_plain_as_asked():
    """Segments are cut together at the width; colour codes take no columns."""
    assert Terminal(8).line("abcd", ("efgh", "good"), "ijkl") == "abcdefgh"
    assert Terminal(6).line("abcd", ("efgh", "good")) == "abcde…"
    assert Terminal(20, has_colour=True).line("a ", ("b", "good"), (" ", "bad")) == "a \x1b[32mb\x1b[0m"
    assert Terminal(20, has_unicode=False).line("1 ± 2") == "1 +- 2"


def test_writing_never_fails_on_an_encoding():
    """What the stream cannot show is a question mark, not a traceback."""
    screen = Screen("ascii")
    write(["6 ± 1 日"], screen)
    assert screen.buffer.getvalue() == b"6 ? 1 ?\n"


def test_text_is_wrapped_at_spaces():
    """Long advice takes several lines; words stay whole."""
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("", 7) == [""]

import json

from kernel_opt.views.log_lines import render_log_line
from kernel_opt.views.terminal import Terminal

WIDE = Terminal(500)


def test_a_line_in_words():
    """Time, level, what happened, then the rest as key=value."""
    line = json.dumps(
        {"card": "0", "event": "round opened", "level": "info", "timestamp": "2026-09-21T14:13:20.5Z", "n": 3}
    )
    shown = render_log_line(line, WIDE)
    assert shown.endswith("info    round opened  card=0 n=3")
    assert shown[:6] in {"09-21 ", "09-22 ", "09-20 "}


def test_errors_are_red():
    """Colour says that a person should look."""
    line = json.dumps({"event": "lost", "level": "error"})
    assert "\x1b[31mlost" in render_log_line(line, Terminal(200, has_colour=True))


def test_anything_else_is_shown_as_it_is():
    """A line that is no JSON, a list, or without time is no reason to fail; nothing in it steers the terminal."""
    assert render_log_line("Traceback \x1b[2J", WIDE) == "Traceback [2J"
    assert render_log_line("[1, 2]", WIDE) == "[1, 2]"
    assert "odd" in render_log_line('{"timestamp": "yesterday", "event": "odd\\u001b[2J"}', WIDE)
    assert "\x1b" not in render_log_line('{"event": "x\\u001b[2J", "k\\u001b": "\\u001b"}', WIDE)
    assert "yesterday" in render_log_line('{"timestamp": "yesterday"}', WIDE)

"""The daemon's log for people: JSON lines in, one readable line each out."""

import json
from datetime import datetime
from typing import Any, cast

from kernel_opt.views.format import clean
from kernel_opt.views.terminal import Terminal

_COLOURS = {"warning": "warn", "error": "bad", "critical": "bad"}
_SHOWN_FIRST = ("timestamp", "level", "event")


def render_log_line(line: str, terminal: Terminal) -> str:
    """Return one line of the log in words; what is no JSON is shown as it is, without what steers a terminal."""
    fields = _parse(line)
    if fields is None:
        return terminal.line(clean(line))
    level = str(fields.get("level", "info"))
    rest = " ".join(f"{clean(name)}={_text(value)}" for name, value in fields.items() if name not in _SHOWN_FIRST)
    event = _text(fields.get("event", ""))
    when = _when(fields.get("timestamp"))
    return terminal.line((when, "dim"), f" {level:7} ", (event, _COLOURS.get(level, "")), (f"  {rest}", "dim"))


def _parse(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _text(value: object) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _when(stamp: object) -> str:
    """Return local time: whoever reads along looks at the clock on the wall."""
    try:
        return datetime.fromisoformat(str(stamp)).astimezone().strftime("%m-%d %H:%M:%S")
    except ValueError:
        return clean(str(stamp or "")).ljust(14)

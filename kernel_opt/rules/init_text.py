"""A settings file with every key explained: the text of a preset with other values put in."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import cast

from kernel_opt.model.errors import KernelOptError

Value = str | bool | int | float | Sequence[str] | Mapping[str, object]
_KEY = re.compile(r"(\w+) = ")
_TABLE = re.compile(r"\[(\w+)\]")
_WIDTH = 120


def fill_in(
    template: str, header: Sequence[str], values: Mapping[str, Value], notes: Mapping[str, Sequence[str]]
) -> str:
    """Return ``template`` under another header, with ``values`` by ``table.key`` and ``notes`` as comments there."""
    lines = template.splitlines()
    first = lines.index("") + 1
    written = [_comment(line) for line in header]
    written.append("")
    table, place, open_values = "", first, dict(values)
    while place < len(lines):
        if found := _TABLE.fullmatch(lines[place]):
            table = f"{found[1]}."
        key = _KEY.match(lines[place])
        name = f"{table}{key[1]}" if key else ""
        end = _end_of_value(lines, place) if key else place + 1
        written += [_comment(note) for note in notes.get(name, ())]
        written += [f"{key[1]} = {to_toml(open_values.pop(name))}"] if key and name in open_values else lines[place:end]
        place = end
    if open_values:
        raise KernelOptError(f"the template has no {', '.join(open_values)}", "install kernel-opt again")
    return "\n".join(written) + "\n"


def _comment(text: str) -> str:
    """Return a comment; names of kernels and configs come from outside and may hold anything."""
    return f"# {''.join(c if c.isprintable() else '?' for c in text)}".rstrip()


def _end_of_value(lines: Sequence[str], place: int) -> int:
    """Return where the value that begins here ends: the first place up to which the text is whole."""
    for end in range(place + 1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[place:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    raise KernelOptError(f"the template's line {place + 1} is not TOML", "install kernel-opt again")


def to_toml(value: object) -> str:
    """Write one value as TOML does."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quote(value)
        case Mapping():
            pairs = cast("Mapping[str, object]", value).items()
            return _braced([f"{_key(name)} = {to_toml(item)}" for name, item in pairs])
        case Sequence():
            return _bracketed([to_toml(item) for item in cast("Sequence[object]", value)])
        case _:
            raise KernelOptError(f"{value!r} cannot stand in a settings file")


def _bracketed(items: Sequence[str]) -> str:
    line = f"[{', '.join(items)}]"
    return line if len(line) < _WIDTH else "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _braced(items: Sequence[str]) -> str:
    return f"{{ {', '.join(items)} }}" if items else "{}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quote(name)


def _quote(text: str) -> str:
    named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(named.get(letter) or _escape(letter) for letter in text) + '"'


def _escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < ord(" ") or letter == "\x7f" else letter

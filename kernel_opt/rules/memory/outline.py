"""What a source file holds, by the names it defines: a map for who has not read it."""

import re

from msgspec import Struct

MOST_NAMES = 40  # of one file; a map is no table of contents
_PYTHON = re.compile(r"^\s{0,8}(?:async )?(?:def|class) ([A-Za-z_]\w*)")
_MACRO = re.compile(r"^\s*(?:struct|class|#define|namespace) +([A-Za-z_]\w*)")
_FUNCTION = re.compile(r"^[A-Za-z_][^;=\"]*\([^;]*$")
"""A line at the margin that opens a parameter list and ends no statement."""
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_LINE_CAP = 400  # a longer line is data, and costs a slow search
_KEYWORDS = frozenset(
    {"if", "for", "while", "switch", "return", "else", "sizeof", "__launch_bounds__", "__attribute__", "alignas"}
)


class Outline(Struct, frozen=True, kw_only=True):
    """One file of the map."""

    path: str
    lines: int
    names: tuple[tuple[str, int], ...] = ()
    """What it defines, and where."""


def outline(path: str, text: str) -> Outline:
    """Return the functions, classes and kernels that a file of Python, HIP or C++ defines, in order."""
    find = _name_in_python if path.endswith((".py", ".pyi")) else _name_in_c
    lines = text.splitlines()
    named = ((find(line), number) for number, line in enumerate(lines, 1) if len(line) <= _LINE_CAP)
    found = [(name, number) for name, number in named if name]
    return Outline(path=path, lines=len(lines), names=tuple(found[:MOST_NAMES]))


def _name_in_python(line: str) -> str:
    found = _PYTHON.match(line)
    return found.group(1) if found else ""


def _name_in_c(line: str) -> str:
    found = _MACRO.match(line)
    if found:
        return found.group(1)
    calls = _CALLED.findall(line) if _FUNCTION.match(line) else []
    return next((name for name in calls if name not in _KEYWORDS), "")

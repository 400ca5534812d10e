"""What a check of `doctor` says."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One precondition: what was found, and what to do about it."""

    name: str
    level: Level
    told: str
    mend: str = ""


def ok(name: str, told: str) -> Check:
    """Say that it is as it should be."""
    return Check(name, Level.OK, told)


def warn(name: str, told: str, mend: str) -> Check:
    """Say that a run works, but less well or less safely."""
    return Check(name, Level.WARN, told, mend)


def fail(name: str, told: str, mend: str) -> Check:
    """Say that a run would be refused or would not get far."""
    return Check(name, Level.FAIL, told, mend)


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the first version number in a text, such as (2, 39, 5); None without one."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else None


def parse_properties(text: str) -> dict[str, str]:
    """Read lines of ``Name=value``, as system tools print them."""
    return {name: value for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals}

"""Numbers as status tools print them; whatever is not plainly a number is unknown."""

import re

_QUANTITY = re.compile(r"\(?\s*(-?\d{1,20}(?:\.\d{1,20})?)\s*([A-Za-z%°/]{0,8})\s*\)?")
_UNKNOWN_WORDS = frozenset(
    {"", "n/a", "na", "none", "null", "unknown", "nan", "inf", "-", "unsupported", "not supported"}
)
# All bits set in 16, 32 and 64 bits: how the driver says "no such sensor".
_ALL_BITS = frozenset({2**16 - 1, 2**32 - 1, 2**64 - 1})
_TOO_LARGE = 2**63
"""Nothing that a driver counts is larger; it is no number then, and infinite is larger too."""
_BYTES_PER = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def read_quantity(value: object) -> tuple[float, str] | None:
    """Return number and lower-case unit of ``42``, ``"42 %"``, ``"(137Mhz)"`` or ``{"value": 42, "unit": "%"}``."""
    if isinstance(value, dict):
        inner = read_quantity(value.get("value"))  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
        unit = value.get("unit")  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        return (inner[0], unit.strip().lower()) if inner and isinstance(unit, str) else inner
    if isinstance(value, str):
        found = _QUANTITY.fullmatch(value.strip())
        if found is None:
            return None
        digits, unit = found.groups()
        number = float(digits) if "." in digits else int(digits)
        return (number, unit.lower()) if _is_known(number) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return (value, "") if _is_known(value) else None


def read_number(value: object) -> float | None:
    """Return a number that is not negative, whatever its unit."""
    found = read_quantity(value)
    return None if found is None else float(found[0])


def read_count(value: object) -> int | None:
    """Return a whole number that is not negative and has no unit."""
    found = read_quantity(value)
    return int(found[0]) if found is not None and found[1] == "" and found[0] == int(found[0]) else None


def read_percent(value: object) -> float | None:
    """Return 0 to 100; anything beyond is a counter or an error in disguise."""
    found = read_quantity(value)
    known = found is not None and found[1] in {"", "%"} and found[0] <= 100
    return float(found[0]) if known and found is not None else None


def read_bytes(value: object) -> int | None:
    """Return bytes; a bare number is bytes, and the tools' MB is 2**20."""
    found = read_quantity(value)
    return None if found is None or found[1] not in _BYTES_PER else int(found[0] * _BYTES_PER[found[1]])


def read_text(value: object) -> str | None:
    """Return a text that says something."""
    text = value.strip() if isinstance(value, str) else ""
    return None if text.lower() in _UNKNOWN_WORDS else text


def read_unique_id(value: object, base: int = 16) -> str | None:
    """Spell a chip's id with all its digits, which some tools leave out; 0 is how the driver says that it has none."""
    try:
        number = int(value, base) if isinstance(value, str) else 0
    except ValueError:
        return None
    return f"0x{number:016x}" if 0 < number < 2**64 - 1 else None


def _is_known(number: float) -> bool:
    return 0 <= number < _TOO_LARGE and number not in _ALL_BITS

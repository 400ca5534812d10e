"""Addresses in linked machine code: a distance from the program counter says where a thing lies, not what it is."""

import struct
from collections.abc import Callable

_GETPC = {"gfx9": 0xBE801C00, "gfx10": 0xBE801F00, "gfx11": 0xBE804700, "gfx12": 0xBE804700}
"""``s_getpc_b64`` without its register, by family."""
_REGISTER = 0x7F << 16
_SIGN = 0xBE800F00
"""``s_sext_i32_i16``, which gfx12 needs after it."""
_ADD, _ADD_CARRY = 0x8000FF00, 0x8200FF00
"""``s_add_u32`` and ``s_addc_u32`` of a literal, without their registers."""


def split_addresses(
    code: bytes, address: int, gfx: str | None, name_place: Callable[[int], str | None]
) -> tuple[bytes, list[str]]:
    """Return the code with zeros for its distances, and what ``name_place`` says of each address they lead to.

    Distances are found where the compiler computes an address: program counter, then a sum in two halves. What is not
    found so, or leads nowhere, stays in the code as it is.
    """
    family = next((name for name in ("gfx10", "gfx11", "gfx12", "gfx9") if (gfx or "").startswith(name)), None)
    if family is None:
        return code, []
    words = list(struct.unpack(f"<{len(code) // 4}I", code[: len(code) // 4 * 4]))
    places: list[str] = []
    for at, word in enumerate(words):
        if word & ~_REGISTER != _GETPC[family]:
            continue
        register = word >> 16 & 0x7F
        start = at + 1
        if words[start : start + 1] == [_SIGN | (register + 1) << 16 | register + 1]:
            start += 1
        distance = _read_distance(words[start : start + 4], register)
        target = None if distance is None else name_place((address + 4 * at + 4 + distance) % (1 << 64))
        if target is not None:
            places.append(f"{at} {target}")
            words[start + 1] = words[start + 3] = 0
    return struct.pack(f"<{len(words)}I", *words) + code[len(words) * 4 :], places


def _read_distance(words: list[int], register: int) -> int | None:
    sums = [_ADD | register << 16 | register, _ADD_CARRY | (register + 1) << 16 | register + 1]
    return words[1] | words[3] << 32 if words[::2] == sums and len(words) == len(sums) * 2 else None

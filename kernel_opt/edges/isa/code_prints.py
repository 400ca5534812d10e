"""Fingerprints of machine code."""

import struct
from collections.abc import Iterator

from kernel_opt.edges.isa.addresses import split_addresses
from kernel_opt.edges.isa.elf import RELOCATABLE, Elf
from kernel_opt.edges.isa.elf_tables import FUNCTION, Relocation, Symbol, place_of, read_relocations
from kernel_opt.model.static_facts import Fingerprint, FingerprintKind
from kernel_opt.rules.isa.fingerprint import digest

_PROGRAM, _LOADED = 1, 2
"""sh_type and the sh_flags bit of what a kernel can see when it runs."""
_RELATIVE = 13
"""Kind of relocation whose addend is an address of this file."""
_PADDING = frozenset({b"\0\0\0\0", struct.pack("<I", 0xBF9F0000), struct.pack("<I", 0xBF800000)})
"""Words between functions: nothing, s_code_end, s_nop."""


class CodePrints:
    """Fingerprints of the kernels of one file.

    What else a kernel may call or read there counts for every kernel: tables and functions that are no kernels.
    """

    def __init__(self, elf: Elf, gfx: str | None, own: list[Symbol]) -> None:
        self._elf = elf
        self._gfx = gfx
        self._is_unlinked = elf.kind == RELOCATABLE
        self._relocations = read_relocations(elf)
        self._rest = digest(self._read_shared(own))

    def take(self, code: Symbol) -> Fingerprint | None:
        """Return the fingerprint of one kernel; None where its size is not told."""
        if not code.size or code.kind != FUNCTION:
            return None
        body = bytes(place_of(self._elf, code))
        if self._is_unlinked:
            own = [f"{one.offset - code.value} {one.kind} {one.symbol} {one.addend}" for one in self._within(code)]
            return Fingerprint(FingerprintKind.OBJECT, digest([body, self._rest, *own]))
        body, places = split_addresses(body, code.value, self._gfx, self._name_place)
        return Fingerprint(FingerprintKind.CODE, digest([body, self._rest, *places]))

    def _name_place(self, address: int) -> str | None:
        """Return an address as a place in a section, where it stays when the sections move."""
        for section in self._elf.sections:
            if section.flags & _LOADED and section.address <= address < section.address + section.size:
                return f"{section.name}+{address - section.address}"
        return None

    def _within(self, code: Symbol) -> Iterator[Relocation]:
        for one in self._relocations.get(code.section, ()):
            if code.value <= one.offset < code.value + code.size:
                yield one

    def _read_shared(self, own: list[Symbol]) -> Iterator[bytes | str]:
        for number, section in enumerate(self._elf.sections):
            if section.kind != _PROGRAM or not section.flags & _LOADED:
                continue
            body, at = self._elf.body(section), 0
            taken = sorted((one.value - section.address, one.size) for one in own if one.section == number)
            for start, size in [*taken, (len(body), 0)]:
                gap = bytes(body[at : max(start, at)])
                yield _drop_padding(gap) if section.name.startswith(".text") else gap
                at = max(at, start + size)
        if self._is_unlinked:
            return
        # What the loader fills in: a kernel that reads it there reads something else when another symbol is named.
        for one in (one for rows in self._relocations.values() for one in rows):
            where = self._name_place(one.addend) if one.kind == _RELATIVE else None
            yield f"{one.kind} {one.symbol} {where or one.addend}"


def _drop_padding(gap: bytes) -> bytes:
    """Cut the padding off both ends: how much there is depends on the functions around."""
    words = [gap[at : at + 4] for at in range(0, len(gap), 4)]
    kept = [number for number, word in enumerate(words) if word not in _PADDING]
    return b"".join(words[kept[0] : kept[-1] + 1]) if kept else b""

"""The tables of an ELF file: symbols, what the linker is still to fill in, and notes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kernel_opt.edges.isa.elf import NOTES, Elf, Section, word
from kernel_opt.edges.isa.limits import SYMBOLS, refuse

FUNCTION, OBJECT = 2, 1
"""Kinds of symbols: code, and data of any kind."""
_SYMBOL = struct.Struct("<IBBHQQ")
_ADDEND = struct.Struct("<QQq")
_NOTE = struct.Struct("<III")
_NOTE_SECTION, _RELOCATIONS = 7, 4
_SYMBOL_TABLES = (2, 11)
"""The full one, and the one for the loader."""
_OWNER_BYTES = 64
_NOTES_BYTES = 64 << 20
"""Of all notes together: sections may overlap, so the size of the file does not bound what they claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A name for a place in a section."""

    name: str
    kind: int
    section: int
    value: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocation:
    """A place in a section that the linker will fill in."""

    offset: int
    kind: int
    symbol: str
    addend: int


def read_symbols(elf: Elf) -> list[Symbol]:
    """Return the named symbols: of the full table where there is one, else those for the loader."""
    for kind in _SYMBOL_TABLES:
        table = next((section for section in elf.sections if section.kind == kind), None)
        if table is not None:
            return [symbol for symbol in _read_table(elf, table) if symbol.name]
    return []


def place_of(elf: Elf, symbol: Symbol) -> memoryview:
    """Return the bytes that a symbol names."""
    if not 0 < symbol.section < len(elf.sections):
        raise refuse(elf.name, f"the symbol {symbol.name!r} is in no section of it")
    section = elf.sections[symbol.section]
    start, body = symbol.value - section.address, elf.body(section)
    if start < 0 or start + symbol.size > len(body):
        raise refuse(elf.name, f"the symbol {symbol.name!r} lies outside its section {section.name!r}")
    return body[start : start + symbol.size]


def read_relocations(elf: Elf) -> dict[int, list[Relocation]]:
    """Return what the linker is still to fill in, by the number of the section."""
    found: dict[int, list[Relocation]] = {}
    left = SYMBOLS
    tables: dict[int, list[Symbol]] = {}
    for section in elf.sections:
        if section.kind != _RELOCATIONS or section.link >= len(elf.sections):
            continue
        if section.link not in tables:
            tables[section.link] = _read_table(elf, elf.sections[section.link])
        symbols, body = tables[section.link], elf.body(section)
        left -= len(body) // _ADDEND.size
        if left < 0:
            raise refuse(elf.name, f"it claims more than {SYMBOLS} relocations")
        rows = _ADDEND.iter_unpack(body[: len(body) // _ADDEND.size * _ADDEND.size])
        found.setdefault(section.info, []).extend(_relocation(elf, symbols, *row) for row in rows)
    return found


def read_notes(elf: Elf) -> Iterator[tuple[str, int, memoryview]]:
    """Yield owner, kind and content of every note."""
    parts = [elf.body(section) for section in elf.sections if section.kind == _NOTE_SECTION]
    parts = parts or elf.segments(NOTES)
    if sum(map(len, parts)) > _NOTES_BYTES:
        raise refuse(elf.name, f"its notes are larger than {_NOTES_BYTES >> 20} MiB")
    for part in parts:
        at = 0
        while at + _NOTE.size <= len(part):
            owner_size, size, kind = _NOTE.unpack_from(part, at)
            start = at + _NOTE.size + _align(owner_size)
            if start + size > len(part):
                raise refuse(elf.name, "cut off in its notes")
            owner = bytes(part[at + _NOTE.size : at + _NOTE.size + min(owner_size, _OWNER_BYTES)])
            yield owner.rstrip(b"\0").decode("latin-1"), kind, part[start : start + size]
            at = start + _align(size)


def _relocation(elf: Elf, symbols: list[Symbol], offset: int, info: int, addend: int) -> Relocation:
    if info >> 32 >= len(symbols):
        raise refuse(elf.name, f"a relocation names symbol {info >> 32} of {len(symbols)}")
    symbol = symbols[info >> 32]
    # A section has no name of its own among the symbols: its number and place stand for it.
    name = symbol.name or f"section {symbol.section}+{symbol.value}"
    return Relocation(offset=offset, kind=info & 0xFFFFFFFF, symbol=name, addend=addend)


def _read_table(elf: Elf, section: Section) -> list[Symbol]:
    body = elf.body(section)
    if len(body) > SYMBOLS * _SYMBOL.size:
        raise refuse(elf.name, f"it claims more than {SYMBOLS} symbols")
    if section.link >= len(elf.sections):
        raise refuse(elf.name, "its symbols have no table of names")
    names = bytes(elf.body(elf.sections[section.link]))
    return [
        Symbol(name=word(names, row[0]), kind=row[1] & 15, section=row[3], value=row[4], size=row[5])
        for row in _SYMBOL.iter_unpack(body[: len(body) // _SYMBOL.size * _SYMBOL.size])
    ]


def _align(size: int) -> int:
    return (size + 3) & ~3

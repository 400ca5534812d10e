"""Which symbol and which source line an address of a shared library belongs to, read from its own ELF and DWARF."""

import struct
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.tracers.host_dwarf import Line, read_line_table
from kernel_opt.model.errors import ReadFailedError

_COMPRESSED = 0x800
_FUNCTION = 2


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """A loaded part of the file: where it lies in the file, and at which address it was linked."""

    offset: int
    address: int
    size: int


class Library:
    """The symbols and lines of one 64-bit little-endian ELF file."""

    def __init__(self, path: Path) -> None:
        image = path.read_bytes()
        if image[:6] != b"\x7fELF\x02\x01":
            raise ReadFailedError(f"{path} is no 64-bit little-endian ELF file")
        try:
            self.segments = _read_segments(image)
            sections = _read_sections(image)
            self._symbols = sorted(_read_symbols(sections))
            self._lines = _read_lines(sections)
        except (struct.error, IndexError, ValueError, ArithmeticError, zlib.error) as error:
            raise ReadFailedError(f"{path} has a broken symbol or line table: {error}") from error
        self._starts = [symbol[0] for symbol in self._symbols]
        self._line_starts = [line.address for line in self._lines]

    def address_of(self, offset: int) -> int | None:
        """Return the linked address of a place in the file."""
        for segment in self.segments:
            if segment.offset <= offset < segment.offset + segment.size:
                return offset - segment.offset + segment.address
        return None

    def name_function(self, address: int) -> str:
        """Return the symbol that covers the address, or nothing where none does."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return ""
        start, size, name = self._symbols[place]
        return name if address < start + max(size, 1) else ""

    def find_line(self, address: int) -> str:
        """Return `file:line`, or nothing where the compiler left no line."""
        place = bisect_right(self._line_starts, address) - 1
        if place < 0 or self._lines[place].ends:
            return ""
        line = self._lines[place]
        return f"{line.file}:{line.number}" if line.number else ""


def _read_segments(image: bytes) -> tuple[Segment, ...]:
    (table,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    segments: list[Segment] = []
    for i in range(count):
        kind, _, offset, address, _, file_size = struct.unpack_from("<IIQQQQ", image, table + i * size)
        if kind == 1:
            segments.append(Segment(offset, address, file_size))
    return tuple(segments)


def _read_sections(image: bytes) -> dict[str, _Section]:
    (table,) = struct.unpack_from("<Q", image, 40)
    size, count, names_at = struct.unpack_from("<HHH", image, 58)
    headers = [struct.unpack_from("<IIQQQQ", image, table + i * size) for i in range(count)]
    if not headers:
        return {}
    names = image[headers[names_at][4] :]
    sections: dict[str, _Section] = {}
    for name_at, kind, flags, _, offset, length in headers:
        name = _read_text(names, name_at)
        body = image[offset : offset + length]
        if flags & _COMPRESSED:
            body = zlib.decompress(body[24:])
        sections[name] = _Section(name, kind, body)
    return sections


def _read_symbols(sections: dict[str, _Section]) -> list[tuple[int, int, str]]:
    for table, names in ((".symtab", ".strtab"), (".dynsym", ".dynstr")):
        if table in sections and names in sections:
            body, texts = sections[table].body, sections[names].body
            found = [struct.unpack_from("<IBBHQQ", body, i) for i in range(0, len(body) - 23, 24)]
            return [
                (address, size, _read_text(texts, name_at))
                for name_at, kind, _, section, address, size in found
                if kind & 15 == _FUNCTION and section
            ]
    return []


def _read_lines(sections: dict[str, _Section]) -> list[Line]:
    if ".debug_line" not in sections:
        return []
    texts = {name: sections[name].body for name in (".debug_str", ".debug_line_str") if name in sections}
    return read_line_table(sections[".debug_line"].body, texts)


def _read_text(texts: bytes, at: int) -> str:
    return texts[at : texts.index(b"\0", at)].decode(errors="replace")

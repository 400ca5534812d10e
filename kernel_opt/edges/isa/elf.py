"""ELF files: their sections and segments, every offset checked before it is used."""

import struct
from dataclasses import dataclass

from kernel_opt.edges.isa.limits import SECTIONS, refuse

MAGIC = b"\x7fELF"
AMDGPU = 224
"""e_machine of AMD code objects."""
RELOCATABLE = 1
"""e_type of a file that was not linked yet."""
NOTES = 4
"""p_type of a segment that holds notes."""
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_NOTHING_IN_FILE = 8
"""sh_type of a section that only takes room in memory."""
_SEGMENTS = 65_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the file."""

    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int


class Elf:
    """A 64-bit little-endian ELF file."""

    def __init__(self, content: memoryview, name: str) -> None:
        self.content = content
        self.name = name
        if len(content) < _HEADER.size or bytes(content[:4]) != MAGIC:
            raise refuse(name, "no ELF file, or cut off in its header")
        if bytes(content[4:6]) != b"\x02\x01":
            raise refuse(name, "not a 64-bit little-endian ELF file")
        fields = _HEADER.unpack_from(content)
        self.kind: int = fields[1]
        self.machine: int = fields[2]
        self.flags: int = fields[7]
        self._segments: tuple[int, int, int] = (fields[5], fields[9], fields[10])
        self.sections = self._read_sections(fields[6], fields[11], fields[12], fields[13])

    def part(self, offset: int, size: int) -> memoryview:
        """Return a range of the file; refuse one that is not all there."""
        if offset + size > len(self.content):
            raise refuse(self.name, f"cut off: {size} B at {offset} were promised, the file has {len(self.content)} B")
        return self.content[offset : offset + size]

    def body(self, section: Section) -> memoryview:
        """Return what a section holds."""
        return self.part(section.offset, 0 if section.kind == _NOTHING_IN_FILE else section.size)

    def segments(self, kind: int) -> list[memoryview]:
        """Return the segments of a kind; they are there also when the sections were stripped."""
        offset, size, count = self._segments
        if not count:
            return []
        if size != _SEGMENT.size or count > _SEGMENTS:
            raise refuse(self.name, f"it claims {count} program headers of {size} B")
        rows = _SEGMENT.iter_unpack(self.part(offset, size * count))
        return [self.part(row[2], row[5]) for row in rows if row[0] == kind]

    def _read_sections(self, offset: int, size: int, count: int, names_at: int) -> list[Section]:
        if not offset:
            return []
        if size != _SECTION.size:
            raise refuse(self.name, f"its section headers are {size} B each instead of {_SECTION.size}")
        if not count:
            # More than the header's 16 bits can say: the first entry says it.
            count = _SECTION.unpack(self.part(offset, size))[5]
        if count > SECTIONS:
            raise refuse(self.name, f"it claims {count} sections; at most {SECTIONS} are read")
        rows = list(_SECTION.iter_unpack(self.part(offset, size * count)))
        if names_at >= len(rows):
            raise refuse(self.name, "its table of section names is not there")
        names = bytes(self.part(rows[names_at][4], rows[names_at][5]))
        return [
            Section(
                name=word(names, row[0]),
                kind=row[1],
                flags=row[2],
                address=row[3],
                offset=row[4],
                size=row[5],
                link=row[6],
                info=row[7],
            )
            for row in rows
        ]


_WORD_BYTES = 65_536
"""Of one name; those of deep C++ templates reach some thousands."""


def word(names: bytes, at: int) -> str:
    """Return the name that begins at a place of a string table; empty for a place that is not in it."""
    end = names.find(b"\0", at, at + _WORD_BYTES)
    return names[at : max(end, at)].decode("utf-8", "replace")

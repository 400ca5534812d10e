"""Writes small code objects, whole or broken, for the readers."""

import struct
from dataclasses import dataclass, field

import msgspec

NULL, PROGRAM, SYMBOLS, STRINGS, RELOCATIONS, NOTE, LOADER_SYMBOLS = 0, 1, 2, 3, 4, 7, 11
LOADED = 2
FUNCTION, OBJECT = 2, 1
GFX942 = 0x54C


@dataclass
class Part:
    """One section."""

    name: str
    kind: int
    body: bytes
    flags: int = 0
    address: int = 0
    link: int = 0
    info: int = 0


@dataclass
class Writer:
    """A code object with code, data and metadata."""

    kernels: dict[str, bytes] = field(default_factory=lambda: {"k": b"\x01\x02\x03\x04" * 4})
    functions: dict[str, bytes] = field(default_factory=dict)
    data: bytes = b""
    metadata: bytes | None = None
    kind: int = 3
    machine: int = 224
    flags: int = GFX942
    relocations: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Offset in the code, kind, number of the symbol, addend."""
    float_mode: int = 0xF0
    symbol_kind: int = SYMBOLS
    owner: bytes = b"AMDGPU\0"
    note_kind: int = 32
    padding: int = 0xBF800000
    accum_offset: int = 132
    text_at: int = 0x1000
    table_at: int = 0
    """Where the data is loaded; the descriptors come first there."""
    loader_relocations: list[tuple[int, int, int, int]] = field(default_factory=list)

    def code(self) -> bytes:
        """Return the file."""
        text, symbols = b"", []
        for name, body in {**self.kernels, **self.functions}.items():
            text += struct.pack("<I", self.padding) * (-len(text) % 256 // 4)
            symbols.append((name, FUNCTION, 3, self.text_at + len(text), len(body)))
            text += body
        descriptors = b""
        for name in self.kernels:
            symbols.append((f"{name}.kd", OBJECT, 2, self.table_at + len(descriptors), 64))
            descriptors += struct.pack("<44xII12x", self.accum_offset // 4 - 1, self.float_mode << 12)
        names, rows = b"\0", struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)
        for name, kind, section, value, size in symbols:
            rows += struct.pack("<IBBHQQ", len(names), 16 | kind, 0, section, value, size)
            names += name.encode() + b"\0"
        return write_elf(
            [
                Part("", NULL, b""),
                Part(".note", NOTE, note(self._metadata(), self.owner, self.note_kind), LOADED),
                Part(".rodata", PROGRAM, descriptors + self.data, LOADED, self.table_at),
                Part(".text", PROGRAM, text, LOADED | 4, self.text_at),
                Part(".symtab", self.symbol_kind, rows, link=5),
                Part(".strtab", STRINGS, names),
                Part(".rela.text", RELOCATIONS, _relocations(self.relocations), link=4, info=3),
                Part(".rela.dyn", RELOCATIONS, _relocations(self.loader_relocations), link=4),
            ],
            kind=self.kind,
            machine=self.machine,
            flags=self.flags,
        )

    def _metadata(self) -> bytes:
        return metadata_of(list(self.kernels)) if self.metadata is None else self.metadata


def _relocations(rows: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("<QQq", at, to << 32 | kind, add) for at, kind, to, add in rows)


def metadata_of(names: list[str], target: str | None = "amdgcn-amd-amdhsa--gfx942", **changes: object) -> bytes:
    """Return a metadata note of a few kernels."""
    known = {
        "vgpr_count": 130,
        "agpr_count": 0,
        "sgpr_count": 54,
        "vgpr_spill_count": 0,
        "sgpr_spill_count": 0,
        "group_segment_fixed_size": 11236,
        "private_segment_fixed_size": 0,
        "kernarg_segment_size": 120,
        "wavefront_size": 64,
        "max_flat_workgroup_size": 256,
        "reqd_workgroup_size": [256, 1, 1],
        **changes,
    }
    fields = {f".{name}": value for name, value in known.items() if value is not None}
    kernels = [{**fields, ".name": name, ".symbol": f"{name}.kd", ".args": [{".size": 8}]} for name in names]
    document: dict[str, object] = {"amdhsa.kernels": kernels, "amdhsa.version": [1, 2]}
    if target is not None:
        document["amdhsa.target"] = target
    return msgspec.msgpack.encode(document)


def note(content: bytes, owner: bytes = b"AMDGPU\0", kind: int = 32) -> bytes:
    """Return one ELF note."""
    start = struct.pack("<III", len(owner), len(content), kind)
    return start + owner + b"\0" * (-len(owner) % 4) + content + b"\0" * (-len(content) % 4)


def write_elf(parts: list[Part], *, kind: int = 3, machine: int = 224, flags: int = 0, segments: bytes = b"") -> bytes:
    """Return an ELF file of these sections (without any: of these program headers alone)."""
    names, named = b"", []
    for part in [*parts, Part(".shstrtab", STRINGS, b"")] if parts else []:
        named.append(len(names))
        names += part.name.encode() + b"\0"
    bodies, rows = segments, b""
    for part, name in zip([*parts, Part(".shstrtab", STRINGS, names)] if parts else [], named, strict=True):
        rows += struct.pack(
            "<IIQQQQIIQQ",
            name,
            part.kind,
            part.flags,
            part.address,
            64 + len(bodies),
            len(part.body),
            part.link,
            part.info,
            8,
            0,
        )
        bodies += part.body
    count = len(parts) + 1 if parts else 0
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01\x40",
        kind,
        machine,
        1,
        0,
        64 if segments else 0,
        64 + len(bodies) if parts else 0,
        flags,
        64,
        56,
        1 if segments else 0,
        64,
        count,
        max(0, count - 1),
    )
    return header + bodies + rows

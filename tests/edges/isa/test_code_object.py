"""Code objects: figures from their metadata, fingerprints from their code, and a refusal for what is broken."""

import base64
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.isa import elf_tables
from kernel_opt.edges.isa.code_object import read_code_object
from kernel_opt.edges.isa.elf import Elf
from kernel_opt.edges.isa.elf_tables import read_notes, read_symbols
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.static_facts import FingerprintKind
from tests.edges.isa.elf_writer import LOADER_SYMBOLS, NOTE, Part, Writer, metadata_of, note, write_elf

DATA = Path(__file__).parents[2] / "data" / "isa"
GOOD = Writer().code()


def read(content: bytes):
    """Read one object's kernels."""
    return read_code_object(memoryview(content), "k.hsaco")


def fingerprint(**changes):
    """Return the fingerprint of the first kernel of a written object."""
    return read(Writer(**changes).code())[0].fingerprint


def test_figures():
    """Everything the metadata tells stands in the kernel, and what follows from it."""
    (kernel,) = read(GOOD)
    assert (kernel.name, kernel.source, kernel.gfx, kernel.wave_size) == ("k", "k.hsaco", "gfx942", 64)
    assert (kernel.vgpr, kernel.arch_vgpr, kernel.agpr, kernel.sgpr) == (130, 130, 0, 54)
    assert (kernel.vgpr_spills, kernel.sgpr_spills, kernel.scratch_bytes) == (0, 0, 0)
    assert (kernel.lds_bytes, kernel.kernarg_bytes) == (11236, 120)
    assert (kernel.workgroup, kernel.max_workgroup_items) == ((256, 1, 1), 256)
    assert (kernel.float_mode, kernel.code_bytes, kernel.counts) == (0xF0, 16, None)
    assert kernel.occupancy.waves_per_simd == 3
    assert kernel.fingerprint.kind is FingerprintKind.CODE


def test_what_an_older_compiler_does_not_write_is_unknown():
    """Version 3 names no target in its note: the header does. Missing counts are not zero."""
    old = metadata_of(["k"], None, agpr_count=None, vgpr_spill_count=None, reqd_workgroup_size=None)
    (kernel,) = read(Writer(metadata=old).code())
    assert kernel.gfx == "gfx942"
    assert (kernel.vgpr_spills, kernel.workgroup) == (None, None)
    assert read(Writer(metadata=old, flags=0).code())[0].gfx is None


@pytest.mark.parametrize(("accum_offset", "split"), [(132, (130, 0)), (128, (128, 2)), (4, (4, 126))])
def test_registers_of_the_second_kind_of_an_older_compiler(accum_offset, split):
    """It writes only the total: the descriptor tells where the second kind begins, where the file is one."""
    note = metadata_of(["k"], agpr_count=None)
    (kernel,) = read(Writer(metadata=note, accum_offset=accum_offset).code())
    assert (kernel.arch_vgpr, kernel.agpr) == split
    (without,) = read(Writer(metadata=note, symbol_kind=0x6FFFFFFF).code())
    assert (without.arch_vgpr, without.agpr) == (None, None)
    cdna1 = metadata_of(["k"], "amdgcn-amd-amdhsa--gfx908", agpr_count=None)
    assert read(Writer(metadata=cdna1, accum_offset=accum_offset).code())[0].agpr is None
    no_total = metadata_of(["k"], agpr_count=None, vgpr_count=None)
    assert read(Writer(metadata=no_total).code())[0].agpr is None


def test_names_and_other_kernels_do_not_change_a_fingerprint():
    """A kernel is what it runs, not what it is called, nor what stands beside it."""
    first, second = b"\x01\x00\x00\x00" * 3, b"\x02\x00\x00\x00" * 80
    plain = fingerprint(kernels={"a": first})
    assert fingerprint(kernels={"renamed": first}) == plain
    assert fingerprint(kernels={"a": first}, padding=0xBF9F0000) == plain
    both = fingerprint(kernels={"a": first, "b": second})
    assert both == fingerprint(kernels={"a": first, "b": second + second})


def test_what_a_kernel_may_call_or_read_changes_its_fingerprint():
    """Code, tables and functions count; so does the place where a linker will put an address."""
    first = b"\x01\x00\x00\x00" * 3
    seen = [
        fingerprint(kernels={"a": first}),
        fingerprint(kernels={"a": first + first}),
        fingerprint(kernels={"a": first}, data=b"\1"),
        fingerprint(kernels={"a": first}, data=b"\1\0"),
        fingerprint(kernels={"a": first}, functions={"f": b"\x07\0\0\0"}),
        fingerprint(kernels={"a": first}, functions={"f": b"\x07\0\0\0" + b"\0" * 4 + b"\x08\0\0\0"}),
        fingerprint(kernels={"a": first}, functions={"f": b"\x07\0\0\0\x08\0\0\0"}),
        fingerprint(kernels={"a": first}, kind=1),
        fingerprint(kernels={"a": first}, kind=1, relocations=[(TEXT, 10, 1, 4)]),
        fingerprint(kernels={"a": first}, kind=1, relocations=[(TEXT, 10, 2, 4)]),
        fingerprint(kernels={"a": first}, kind=1, relocations=[(TEXT, 10, 0, 4)]),
    ]
    assert len({(one.kind, one.digest) for one in seen}) == len(seen)
    assert {one.kind for one in seen[7:]} == {FingerprintKind.OBJECT}
    # A relocation of another function is no part of this one.
    assert fingerprint(kernels={"a": first}, kind=1, relocations=[(TEXT + 512, 10, 1, 4)]) == seen[7]


TEXT = 0x1000


def table_reader(text_at: int, table_at: int) -> bytes:
    """Return code that computes the address of the table behind the one descriptor."""
    distance = (table_at + 64 - (text_at + 4)) % (1 << 64)
    words = 0xBE861C00, 0x8006FF06, distance & 0xFFFFFFFF, 0x8207FF07, distance >> 32, 0xBF810000
    return struct.pack("<6I", *words)


def test_addresses_do_not_change_a_fingerprint():
    """Where the sections were put does not matter; what the address leads to does."""

    def found(text_at: int, table_at: int, data: bytes = b"table", **changes: object):
        code = table_reader(text_at, changes.pop("shift", 0) + table_at)
        return fingerprint(kernels={"k": code}, text_at=text_at, table_at=table_at, data=data, **changes)

    assert found(0x1000, 0x800) == found(0x2000, 0x900) == found(0x1000, 0x9000)
    assert found(0x1000, 0x800) != found(0x1000, 0x800, b"other")
    assert found(0x1000, 0x800) != found(0x1000, 0x800, shift=1)
    # An address outside of the file is no place in it: the distance counts as it stands.
    assert found(0x1000, 0x800, shift=1 << 30) != found(0x1000, 0x900, shift=1 << 30)


def test_what_the_loader_fills_in_counts():
    """A kernel that goes through such a place reads what is named there; an address of the file may move."""
    first = fingerprint(loader_relocations=[(0x5000, 10, 1, 0)])
    assert first != fingerprint(loader_relocations=[(0x5000, 10, 2, 0)])
    assert first == fingerprint(loader_relocations=[(0x6000, 10, 1, 0)])
    moved = [fingerprint(text_at=at, loader_relocations=[(0, 13, 0, at + 4)]) for at in (0x1000, 0x3000)]
    assert moved[0] == moved[1] != fingerprint(loader_relocations=[(0, 13, 0, 0x1008)])


def test_an_object_without_symbols_still_tells_its_figures():
    """The loader's table stands in for a stripped one; with neither, only the code stays unknown."""
    assert read(Writer(symbol_kind=LOADER_SYMBOLS).code())[0].fingerprint is not None
    (bare,) = read(Writer(symbol_kind=0x6FFFFFFF).code())
    assert (bare.vgpr, bare.fingerprint, bare.code_bytes, bare.float_mode) == (130, None, None, None)
    assert read(Writer(kernels={"k": b""}).code())[0].fingerprint is None


def test_notes_are_found_without_sections():
    """An object that a loader left in memory has only its segments."""
    content = note(metadata_of(["k"]))
    segment = struct.pack("<IIQQQQQQ", 4, 4, 64 + 56, 0, 0, len(content), len(content), 4)
    (kernel,) = read(write_elf([], segments=segment + content))
    assert (kernel.vgpr, kernel.fingerprint) == (130, None)


def test_nothing_to_find_notes_in():
    """Neither sections nor segments; segments of another size."""
    with pytest.raises(ReadFailedError, match="no AMD kernel metadata"):
        read(write_elf([]))
    broken = bytearray(write_elf([], segments=b"\0" * 56))
    struct.pack_into("<H", broken, 54, 32)
    with pytest.raises(ReadFailedError, match="1 program headers of 32 B"):
        read(bytes(broken))


def test_symbols_are_told_by_section_where_they_have_no_name():
    """As compilers name a table of the same file in a relocation."""
    first = b"\x01\x00\x00\x00" * 3
    assert fingerprint(kernels={"a": first}, kind=1, relocations=[(TEXT, 10, 0, 4)]) != fingerprint(
        kernels={"a": first}, kind=1, relocations=[(TEXT, 10, 0, 8)]
    )


def test_relocations_of_many_sections_are_bounded(monkeypatch):
    """Together: sections may overlap."""
    monkeypatch.setattr(elf_tables, "SYMBOLS", 3)
    rows = [(TEXT, 10, 1, 4)] * 2
    with pytest.raises(ReadFailedError, match="more than 3 relocations"):
        read(Writer(kind=1, relocations=rows, loader_relocations=rows).code())


def test_real_objects():
    """What a compiler made: linked and stripped for CDNA 3, not linked for RDNA 4."""
    linked = read(base64.b64decode((DATA / "scale.gfx942.hsaco.b64").read_bytes()))
    assert [(one.name, one.gfx, one.vgpr, one.sgpr, one.lds_bytes) for one in linked] == [
        ("scale", "gfx942", 4, 15, 2048),
        ("loop", "gfx942", 2, 10, 0),
    ]
    assert [(one.code_bytes, one.kernarg_bytes, one.max_workgroup_items) for one in linked] == [
        (136, 280, 512),
        (72, 272, 64),
    ]
    unlinked = read(base64.b64decode((DATA / "scale.gfx1201.o.b64").read_bytes()))
    assert [(one.gfx, one.wave_size, one.agpr, one.occupancy.waves_per_simd) for one in unlinked] == [
        ("gfx1201", 32, 0, 16.0)
    ] * 2
    assert unlinked[0].fingerprint.kind is FingerprintKind.OBJECT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cut off in its header"),
        (b"\x7fELF\x01\x01" + b"\0" * 60, "not a 64-bit little-endian ELF file"),
        (Writer(machine=62).code(), "code for machine 62, not for an AMD GPU"),
        (Writer(owner=b"AMD\0", note_kind=10).code(), "a code object of version 2"),
        (Writer(owner=b"GNU\0", note_kind=3).code(), "no AMD kernel metadata"),
        (Writer(metadata=b"\xc1").code(), "its metadata note cannot be read"),
        (Writer(metadata=b"\x91" * 5000).code(), "its metadata note cannot be read"),
        (Writer(metadata=metadata_of(["k"], vgpr_count=-1)).code(), "its metadata note cannot be read"),
        (Writer(metadata=metadata_of(["k"], vgpr_count=1 << 40)).code(), "its metadata note cannot be read"),
        (Writer(metadata=metadata_of(["k"], vgpr_count="many")).code(), "its metadata note cannot be read"),
        (Writer(metadata=metadata_of(["k"] * 20_001)).code(), "at most 20000 are read"),
        (Writer(kind=1, relocations=[(TEXT, 10, 99, 0)]).code(), "a relocation names symbol 99 of 3"),
        (write_elf([Part(".note", NOTE, struct.pack("<III", 7, 1 << 30, 32))]), "cut off in its notes"),
        (GOOD[:-200], "cut off: 576 B at"),
    ],
)
def test_what_is_broken_is_refused(content, said):
    """With the file's name and the reason, and never with a number."""
    with pytest.raises(ReadFailedError, match=said) as caught:
        read(content)
    assert "k.hsaco" in str(caught.value)


def patch(at: int, form: str, *values: int) -> bytes:
    """Return the good object with some header fields overwritten."""
    content = bytearray(GOOD)
    struct.pack_into(form, content, at, *values)
    return bytes(content)


SYMBOL_ROWS = GOOD.index(struct.pack("<IBBHQQ", 1, 18, 0, 3, 0x1000, 16)) - 24
SECTION_ROWS = struct.unpack_from("<Q", GOOD, 40)[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (patch(58, "<H", 40), "section headers are 40 B"),
        (patch(62, "<H", 60_000), "its table of section names is not there"),
        (patch(60, "<H", 0), "its table of section names is not there"),
        (patch(40, "<Q", 1 << 63), "cut off"),
        (patch(SECTION_ROWS + 64 + 32, "<Q", 1 << 62), "cut off"),
        (patch(SECTION_ROWS + 64 * 4 + 40, "<I", 77), "symbols have no table of names"),
        (patch(SECTION_ROWS + 64 * 3 + 16, "<Q", 0x2000), "lies outside its section"),
        (patch(SECTION_ROWS + 64 * 2 + 16, "<Q", 1), "lies outside its section"),
        (patch(SYMBOL_ROWS + 24 + 6, "<H", 0xFF00), "is in no section of it"),
        (patch(SYMBOL_ROWS + 48 + 16, "<Q", 60), "has 60 B instead of 64"),
    ],
)
def test_offsets_out_of_range_are_refused(content, said):
    """A header that points anywhere is told as such."""
    with pytest.raises(ReadFailedError, match=said):
        read(content)


def test_huge_counts_are_refused_before_anything_is_made_of_them():
    """Sections that overlap claim more than the file holds; so do symbols."""
    many = write_elf([Part(".note", NOTE, b"\0" * 12)] * 10)
    rows = struct.unpack_from("<Q", many, 40)[0]
    content = bytearray(many[:rows] + b"\0" * (70 << 20)) if len(many) < 1 << 20 else bytearray(many)
    content += many[rows:]
    struct.pack_into("<Q", content, 40, len(content) - (len(many) - rows))
    for number in range(10):
        at = len(content) - (len(many) - rows) + 64 * number
        struct.pack_into("<QQ", content, at + 24, 64, 60 << 20)
    with pytest.raises(ReadFailedError, match="its notes are larger than 64 MiB"):
        list(read_notes(Elf(memoryview(content), "x")))
    symbols = write_elf([Part(".symtab", 2, b"\0" * 24 * 1_000_001)])
    with pytest.raises(ReadFailedError, match="more than 1000000 symbols"):
        read_symbols(Elf(memoryview(symbols), "x"))
    with pytest.raises(ReadFailedError, match="it claims 65001 sections"):
        extended = bytearray(write_elf([Part("", 0, b"")]))
        place = struct.unpack_from("<Q", extended, 40)[0]
        struct.pack_into("<H", extended, 60, 0)
        struct.pack_into("<Q", extended, place + 32, 65_001)
        Elf(memoryview(extended), "x")


def test_more_sections_than_the_header_can_say():
    """Then the first entry says how many there are."""
    extended = bytearray(GOOD)
    struct.pack_into("<H", extended, 60, 0)
    struct.pack_into("<Q", extended, SECTION_ROWS + 32, 9)
    assert read(bytes(extended))[0].vgpr == 130


@given(at=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
def test_any_damage_gives_a_kernel_or_our_error(at, value, cut):
    """No byte and no cut leads to another exception."""
    damaged = GOOD[:at] + bytes([value]) + GOOD[at + 1 :]
    for content in (damaged, GOOD[:cut]):
        try:
            kernels = read(content)
        except ReadFailedError:
            continue
        assert all(kernel.name is not None for kernel in kernels)

"""Line-number programs written by hand: every opcode and every form that compilers use."""

import struct

import pytest

from kernel_opt.edges.tracers.host_dwarf import Line, read_line_table

OPERANDS = (0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)
"""Of the standard opcodes 1 to 12."""
SET_ADDRESS = b"\0\x09\x02" + struct.pack("<Q", 0x1000)
END = b"\0\x01\x01"


def unit(
    program: bytes, *, version: int = 4, files: bytes = b"\0k.c\0\0\0\0d.c\0\0\0\0\0", wide: bool = False
) -> bytes:
    """Assemble one unit: steps of 1 byte, special opcodes from 13 with line base -5 and range 14."""
    offset = "<Q" if wide else "<I"
    machine = struct.pack("<BB", 1, 1)[: 2 if version >= 4 else 1] + struct.pack("<BbBB", 1, -5, 14, 13)
    after = machine + bytes(OPERANDS) + files
    addresses = struct.pack("<BB", 8, 0) if version == 5 else b""
    body = struct.pack("<H", version) + addresses + struct.pack(offset, len(after)) + after + program
    return (b"\xff\xff\xff\xff" if wide else b"") + struct.pack(offset, len(body)) + body


def read(program: bytes, **options: object) -> list[Line]:
    """Return the lines of one unit without its end."""
    lines = read_line_table(unit(SET_ADDRESS + program + b"\x02\x10" + END, **options), {})
    assert lines[-1].ends
    return lines[:-1]


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (b"\x01", Line(0x1000, "k.c", 1)),  # copy
        (b"\x02\x90\x01\x01", Line(0x1090, "k.c", 1)),  # advance_pc by 144
        (b"\x03\x0a\x01", Line(0x1000, "k.c", 11)),  # advance_line by 10
        (b"\x03\x80\x01\x03\x7e\x01", Line(0x1000, "k.c", 127)),  # advance_line by 128, then by -2
        (b"\x04\x02\x01", Line(0x1000, "d.c", 1)),  # set_file
        (b"\x04\x09\x01", Line(0x1000, "", 1)),  # set_file to one that is not there
        (b"\x08\x01", Line(0x1000 + 17, "k.c", 1)),  # const_add_pc: as special opcode 255
        (b"\x09\x00\x02\x01", Line(0x1200, "k.c", 1)),  # fixed_advance_pc
        (b"\x05\x07\x06\x0c\x03\x01", Line(0x1000, "k.c", 1)),  # set_column, negate_stmt, set_isa
        (b"\0\x02\x80\x07\x01", Line(0x1000, "k.c", 1)),  # an extended opcode of somebody's own
        (bytes([13 + 7 + 2 * 14]), Line(0x1002, "k.c", 3)),  # special: 2 bytes, 2 lines
    ],
)
def test_every_opcode_does_what_the_standard_says(program: bytes, line: Line):
    """The row that follows it has that address, file and line."""
    assert read(program) == [line]


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("wide", [False, True])
def test_old_headers_are_read(version: int, wide: bool):
    """In 32-bit and 64-bit DWARF, with folders."""
    files = b"src\0inc\0\0k.c\0\x01\0\0d.h\0\x02\0\0\0"
    assert read(b"\x01\x04\x02\x01", version=version, wide=wide, files=files) == [
        Line(0x1000, "src/k.c", 1),
        Line(0x1000, "inc/d.h", 1),
    ]


def test_headers_of_version_5_are_read():
    """Names in the string sections, folders by number, checksums passed over."""
    folders = b"\x01\x01\x1f\x02" + struct.pack("<II", 0, 5)
    shape = b"\x04\x01\x0e\x02\x0b\x05\x1e\x03\x0f"
    files = (
        shape
        + b"\x02"
        + b"".join(struct.pack("<IB", at, folder) + bytes(16) + b"\x07" for at, folder in ((0, 0), (4, 1)))
    )
    body = unit(SET_ADDRESS + b"\x01\x04\0\x01\x02\x10" + END, version=5, files=folders + files)
    texts = {".debug_line_str": b"/src\0inc\0", ".debug_str": b"k.c\0d.h\0"}
    assert [line.file for line in read_line_table(body, texts)][:2] == ["inc/d.h", "/src/k.c"]


def test_names_inside_the_header_are_read():
    """Clang may write names where they are used; wide numbers are read too."""
    files = b"\x01\x01\x08\x01/s\0" + b"\x02\x01\x08\x02\x07" + b"\x01" + b"k.c\0" + struct.pack("<Q", 0)
    body = unit(SET_ADDRESS + b"\x04\0\x01\x02\x10" + END, version=5, files=files)
    assert read_line_table(body, {})[0].file == "/s/k.c"


def test_units_follow_each_other_and_are_sorted():
    """Lines of all units are told by address; where one ends and another starts, the start wins."""
    second = unit(SET_ADDRESS + b"\x01\x02\x10" + END)
    first = unit(b"\0\x09\x02" + struct.pack("<Q", 0xFF0) + b"\x01\x02\x10" + END)
    lines = read_line_table(second + first, {})
    assert [(line.address, line.ends) for line in lines] == [
        (0xFF0, False),
        (0x1000, True),
        (0x1000, False),
        (0x1010, True),
    ]


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (unit(b"", version=6), "version 6"),
        (unit(b"", version=5, files=b"\x01\x01\x42\x01"), "form 0x42"),
    ],
)
def test_what_is_not_known_is_refused(body: bytes, match: str):
    """A version or a form of the future is an error, not a guess."""
    with pytest.raises(ValueError, match=match):
        read_line_table(body, {})

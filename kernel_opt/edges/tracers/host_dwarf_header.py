"""The header of a DWARF line-number program, and a cursor over its bytes."""

import struct
from dataclasses import dataclass
from pathlib import PurePosixPath


class Cursor:
    """A place in a table of bytes, moving on as values are read."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self.body = body
        self.at = at

    def number(self, shape: str) -> int:
        """Read a number of that struct shape."""
        (value,) = struct.unpack_from("<" + shape, self.body, self.at)
        self.at += struct.calcsize("<" + shape)
        return value

    def unsigned(self) -> int:
        """Read an unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self) -> int:
        """Read a signed LEB128."""
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value

    def text(self) -> str:
        """Read up to the next zero byte."""
        end = self.body.index(b"\0", self.at)
        value = self.body[self.at : end].decode(errors="replace")
        self.at = end + 1
        return value


@dataclass(frozen=True, slots=True)
class Header:
    """What the opcodes of one unit mean, and its files by number."""

    minimum_length: int
    line_base: int
    line_range: int
    opcode_base: int
    operand_counts: tuple[int, ...]
    files: list[str]


def read_header(unit: Cursor, texts: dict[str, bytes], offset: str) -> Header:
    """Read the header of one unit and move on to its first opcode; ``offset`` is the shape of section offsets."""
    version = unit.number("H")
    if not 2 <= version <= 5:
        raise ValueError(f"DWARF version {version} is not known")
    if version == 5:
        unit.at += 2
    program = unit.number(offset)
    program += unit.at
    minimum_length = unit.number("B")
    if version >= 4:
        unit.at += 1
    unit.at += 1
    line_base, line_range, opcode_base = unit.number("b"), unit.number("B"), unit.number("B")
    counts = tuple(unit.number("B") for _ in range(opcode_base - 1))
    files = _read_files_5(unit, texts, offset) if version == 5 else _read_files(unit)
    unit.at = program
    return Header(minimum_length, line_base, line_range, opcode_base, counts, files)


def _read_files(unit: Cursor) -> list[str]:
    folders = [""]
    while folder := unit.text():
        folders.append(folder)
    files = [""]
    while name := unit.text():
        folder = folders[unit.unsigned()]
        _ = unit.unsigned(), unit.unsigned()  # when it was changed, how long it is
        files.append(str(PurePosixPath(folder) / name))
    return files


def _read_files_5(unit: Cursor, texts: dict[str, bytes], offset: str) -> list[str]:
    folders = [str(entry.get(1, "")) for entry in _read_entries(unit, texts, offset)]
    files: list[str] = []
    for entry in _read_entries(unit, texts, offset):
        folder = folders[int(entry.get(2, 0))] if folders else ""
        files.append(str(PurePosixPath(folder) / str(entry.get(1, ""))))
    return files


def _read_entries(unit: Cursor, texts: dict[str, bytes], offset: str) -> list[dict[int, int | str]]:
    shape = [(unit.unsigned(), unit.unsigned()) for _ in range(unit.number("B"))]
    count = unit.unsigned() if shape else 0
    return [{what: _read_form(unit, form, texts, offset) for what, form in shape} for _ in range(count)]


def _read_form(unit: Cursor, form: int, texts: dict[str, bytes], offset: str) -> int | str:
    match form:
        case 0x08:  # DW_FORM_string
            return unit.text()
        case 0x1F | 0x0E:  # DW_FORM_line_strp, DW_FORM_strp
            section = ".debug_line_str" if form == 0x1F else ".debug_str"
            return Cursor(texts.get(section, b""), unit.number(offset)).text()
        case 0x0F:  # DW_FORM_udata
            return unit.unsigned()
        case 0x1E:  # DW_FORM_data16, a checksum that is not needed
            return unit.number("Q") ^ unit.number("Q")
        case 0x0B | 0x05 | 0x06 | 0x07:  # DW_FORM_data1, 2, 4, 8
            return unit.number({0x0B: "B", 0x05: "H", 0x06: "I", 0x07: "Q"}[form])
        case _:
            raise ValueError(f"DWARF form {form:#x} is not known")

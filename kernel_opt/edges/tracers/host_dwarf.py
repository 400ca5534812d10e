"""The line-number program of DWARF 2 to 5: from instruction addresses to source lines."""

import struct
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Line:
    """From this address on, instructions come from this line; ``ends`` marks the end of a stretch."""

    address: int
    file: str
    number: int
    ends: bool = False


class _Cursor:
    """A place in a table of bytes, moving on as values are read."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self.body = body
        self.at = at

    def number(self, shape: str) -> int:
        (value,) = struct.unpack_from("<" + shape, self.body, self.at)
        self.at += struct.calcsize("<" + shape)
        return value

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self) -> int:
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value

    def text(self) -> str:
        end = self.body.index(b"\0", self.at)
        value = self.body[self.at : end].decode(errors="replace")
        self.at = end + 1
        return value


@dataclass(frozen=True, slots=True)
class _Header:
    minimum_length: int
    line_base: int
    line_range: int
    opcode_base: int
    operand_counts: tuple[int, ...]
    files: list[str]


def read_line_table(body: bytes, texts: dict[str, bytes]) -> list[Line]:
    """Return the lines of every unit in .debug_line, by address; ``texts`` are the string sections by name."""
    lines: list[Line] = []
    cursor = _Cursor(body)
    while cursor.at < len(body):
        wide = False
        length = cursor.number("I")
        if length == 0xFFFFFFFF:
            wide, length = True, cursor.number("Q")
        end = cursor.at + length
        unit = _Cursor(body[:end], cursor.at)
        header = _read_header(unit, texts, "Q" if wide else "I")
        lines += _run_program(unit, header)
        cursor.at = end
    # An end and a start may share an address: the start must win the look-up, so it sorts last.
    return sorted(lines, key=lambda line: (line.address, not line.ends))


def _read_header(unit: _Cursor, texts: dict[str, bytes], offset: str) -> _Header:
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
    return _Header(minimum_length, line_base, line_range, opcode_base, counts, files)


def _read_files(unit: _Cursor) -> list[str]:
    folders = [""]
    while folder := unit.text():
        folders.append(folder)
    files = [""]
    while name := unit.text():
        folder = folders[unit.unsigned()]
        _ = unit.unsigned(), unit.unsigned()  # when it was changed, how long it is
        files.append(str(PurePosixPath(folder) / name))
    return files


def _read_files_5(unit: _Cursor, texts: dict[str, bytes], offset: str) -> list[str]:
    folders = [str(entry.get(1, "")) for entry in _read_entries(unit, texts, offset)]
    files: list[str] = []
    for entry in _read_entries(unit, texts, offset):
        folder = folders[int(entry.get(2, 0))] if folders else ""
        files.append(str(PurePosixPath(folder) / str(entry.get(1, ""))))
    return files


def _read_entries(unit: _Cursor, texts: dict[str, bytes], offset: str) -> list[dict[int, int | str]]:
    shape = [(unit.unsigned(), unit.unsigned()) for _ in range(unit.number("B"))]
    count = unit.unsigned() if shape else 0
    return [{what: _read_form(unit, form, texts, offset) for what, form in shape} for _ in range(count)]


def _read_form(unit: _Cursor, form: int, texts: dict[str, bytes], offset: str) -> int | str:
    match form:
        case 0x08:  # DW_FORM_string
            return unit.text()
        case 0x1F | 0x0E:  # DW_FORM_line_strp, DW_FORM_strp
            section = ".debug_line_str" if form == 0x1F else ".debug_str"
            return _Cursor(texts.get(section, b""), unit.number(offset)).text()
        case 0x0F:  # DW_FORM_udata
            return unit.unsigned()
        case 0x1E:  # DW_FORM_data16, a checksum that is not needed
            return unit.number("Q") ^ unit.number("Q")
        case 0x0B | 0x05 | 0x06 | 0x07:  # DW_FORM_data1, 2, 4, 8
            return unit.number({0x0B: "B", 0x05: "H", 0x06: "I", 0x07: "Q"}[form])
        case _:
            raise ValueError(f"DWARF form {form:#x} is not known")


class _Machine:
    """The registers of the line-number program."""

    def __init__(self, header: _Header) -> None:
        self.header = header
        self.lines: list[Line] = []
        self.restart()

    def restart(self) -> None:
        self.address, self.file, self.number = 0, 1, 1

    def emit(self, *, ends: bool = False) -> None:
        files = self.header.files
        name = files[self.file] if self.file < len(files) else ""
        self.lines.append(Line(self.address, name, self.number, ends))

    def special(self, opcode: int, *, emits: bool = True) -> None:
        steps, line = divmod(opcode - self.header.opcode_base, self.header.line_range)
        self.address += steps * self.header.minimum_length
        if emits:
            self.number += self.header.line_base + line
            self.emit()


def _run_program(unit: _Cursor, header: _Header) -> list[Line]:
    machine = _Machine(header)
    while unit.at < len(unit.body):
        opcode = unit.number("B")
        if opcode >= header.opcode_base:
            machine.special(opcode)
        elif opcode == 0:
            _run_extended(unit, machine)
        else:
            _run_standard(opcode, unit, machine)
    return machine.lines


def _run_extended(unit: _Cursor, machine: _Machine) -> None:
    length = unit.unsigned()
    end = unit.at + length
    opcode = unit.number("B")
    if opcode == 1:  # DW_LNE_end_sequence
        machine.emit(ends=True)
        machine.restart()
    elif opcode == 2:  # DW_LNE_set_address
        machine.address = unit.number("Q")
    unit.at = end


def _run_standard(opcode: int, unit: _Cursor, machine: _Machine) -> None:
    match opcode:
        case 1:  # DW_LNS_copy
            machine.emit()
        case 2:  # DW_LNS_advance_pc
            machine.address += unit.unsigned() * machine.header.minimum_length
        case 3:  # DW_LNS_advance_line
            machine.number += unit.signed()
        case 4:  # DW_LNS_set_file
            machine.file = unit.unsigned()
        case 8:  # DW_LNS_const_add_pc
            machine.special(255, emits=False)
        case 9:  # DW_LNS_fixed_advance_pc
            machine.address += unit.number("H")
        case _:
            for _ in range(machine.header.operand_counts[opcode - 1]):
                unit.unsigned()

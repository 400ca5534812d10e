"""The line-number program of DWARF 2 to 5: from instruction addresses to source lines."""

from dataclasses import dataclass

from kernel_opt.edges.tracers.host_dwarf_header import Cursor, Header, read_header


@dataclass(frozen=True, slots=True)
class Line:
    """From this address on, instructions come from this line; ``ends`` marks the end of a stretch."""

    address: int
    file: str
    number: int
    ends: bool = False


def read_line_table(body: bytes, texts: dict[str, bytes]) -> list[Line]:
    """Return the lines of every unit in .debug_line, by address; ``texts`` are the string sections by name."""
    lines: list[Line] = []
    cursor = Cursor(body)
    while cursor.at < len(body):
        wide = False
        length = cursor.number("I")
        if length == 0xFFFFFFFF:
            wide, length = True, cursor.number("Q")
        end = cursor.at + length
        unit = Cursor(body[:end], cursor.at)
        header = read_header(unit, texts, "Q" if wide else "I")
        lines += _run_program(unit, header)
        cursor.at = end
    # An end and a start may share an address: the start must win the look-up, so it sorts last.
    return sorted(lines, key=lambda line: (line.address, not line.ends))


class _Machine:
    """The registers of the line-number program."""

    def __init__(self, header: Header) -> None:
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


def _run_program(unit: Cursor, header: Header) -> list[Line]:
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


def _run_extended(unit: Cursor, machine: _Machine) -> None:
    length = unit.unsigned()
    end = unit.at + length
    opcode = unit.number("B")
    if opcode == 1:  # DW_LNE_end_sequence
        machine.emit(ends=True)
        machine.restart()
    elif opcode == 2:  # DW_LNE_set_address
        machine.address = unit.number("Q")
    unit.at = end


def _run_standard(opcode: int, unit: Cursor, machine: _Machine) -> None:
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

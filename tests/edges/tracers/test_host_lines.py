"""Symbols and lines read from ELF and DWARF: right for every DWARF version, and safe on any bytes."""

import os
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_opt.edges.tracers.host import find_compiler
from kernel_opt.edges.tracers.host_dwarf import read_line_table
from kernel_opt.edges.tracers.host_lines import Library
from kernel_opt.edges.tracers.host_tables import AGENT_INFO, Places, Raw, agent_row, kernel_rows, read_raw
from kernel_opt.model.errors import ReadFailedError

SOURCE = """int first(int x) { return x * 3; }


int second(int x) { return x - 5; }
"""


def compile_source(folder: Path, *flags: str) -> Path:
    (folder / "lines.c").write_text(SOURCE)
    argv = [*find_compiler(os.environ), "-O0", "-shared", "-fPIC", *flags, "-o", "lines.so", "lines.c"]
    subprocess.run(argv, cwd=folder, check=True)
    return folder / "lines.so"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One library, as bytes to be damaged."""
    return compile_source(tmp_path_factory.mktemp("lines"), "-g").read_bytes()


def find_symbol(library: Library, name: str) -> int:
    """Return the address at which a symbol begins."""
    return next(address for address in range(0x10000) if library.name_function(address) == name)


@pytest.mark.parametrize("version", ["2", "3", "4", "5"])
def test_every_dwarf_version_is_read(tmp_path: Path, version: str):
    """Each function begins on the line where it was written."""
    library = Library(compile_source(tmp_path, f"-gdwarf-{version}"))
    for name, number in (("first", 1), ("second", 4)):
        assert library.find_line(find_symbol(library, name)).endswith(f"lines.c:{number}")


def test_compressed_sections_are_read(tmp_path: Path):
    """Distributions compress debug information."""
    library = Library(compile_source(tmp_path, "-g", "-gz=zlib"))
    assert "lines.c:" in library.find_line(find_symbol(library, "second"))


def test_the_path_is_as_compiled(tmp_path: Path):
    """A prefix map gives names that are the same in every checkout."""
    library = Library(compile_source(tmp_path, "-g", f"-ffile-prefix-map={tmp_path}=."))
    assert library.find_line(find_symbol(library, "first")).startswith("lines.c:")


def test_without_debug_information_there_is_no_line(tmp_path: Path):
    """The symbol is known, the line is empty and not guessed."""
    library = Library(compile_source(tmp_path, "-g0"))
    assert library.find_line(find_symbol(library, "first")) == ""


def test_outside_of_everything_nothing_is_named(tmp_path: Path):
    """Addresses before, behind and between symbols have no name and no line."""
    library = Library(compile_source(tmp_path, "-g"))
    for address in (0, 1, 2**40):
        assert (library.name_function(address), library.find_line(address)) == ("", "")
    assert library.address_of(2**40) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x01\x01" + bytes(60), b"#!/bin/sh\n"])
def test_what_is_no_elf_file_is_refused(tmp_path: Path, content: bytes):
    """Scripts, 32-bit files and empty files are refused with their name."""
    (tmp_path / "x.so").write_bytes(content)
    with pytest.raises(ReadFailedError, match=r"x\.so is no 64-bit"):
        Library(tmp_path / "x.so")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(
    compiled: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    """Whatever bytes are changed or cut off, the answer is a library or one kind of error."""
    body = bytearray(compiled)
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(6, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "x.so"
    path.write_bytes(bytes(body[: data.draw(st.integers(64, len(body)))]))
    try:
        library = Library(path)
    except ReadFailedError:
        return
    assert isinstance(library.find_line(0x1100), str)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_line_program_ends(body: bytes):
    """The line program of any bytes is read to its end or refused; it never runs on."""
    try:
        lines = read_line_table(body, {})
    except (struct.error, ValueError, IndexError, ArithmeticError):
        return
    assert [line.address for line in lines] == sorted(line.address for line in lines)


def test_a_program_counter_outside_of_all_files_has_no_place():
    """Neither function nor line is invented; a file that is gone is named."""
    raw = read_raw(["M 1000-2000 r-xp 00000000 00:00 7   /gone/lib file.so", "S 5 1234 1", "S 6 9999 1"])
    places = Places(raw.mappings)
    assert places.name(0x1234) == ("lib file.so", "")
    assert places.name(0x9999) == ("", "")


def test_a_trace_that_ran_out_of_room_is_refused():
    """A trace with launches missing would be read as less work."""
    with pytest.raises(ReadFailedError, match="ran out of room"):
        read_raw(["T 5000000 3"])


def test_names_may_hold_blanks():
    """The kernel's name is the rest of its line, and equal names are one kernel."""
    raw = read_raw([f"L 7 100 20 4 2 1 1 1 1 {name}\n" for name in ("a b<int, 3>", "c", "a b<int, 3>")])
    rows = kernel_rows(raw, "Agent 0")
    assert [(row[6], row[7]) for row in rows] == [(1, "a b<int, 3>"), (2, "c"), (1, "a b<int, 3>")]
    assert rows[0][9:11] == [100, 120]
    assert kernel_rows(Raw(), "Agent 0") == []


def test_the_agent_has_all_columns_of_the_tool():
    """53 columns; what a core has not is 0 or empty."""
    row = dict(zip(AGENT_INFO.split(","), agent_row([2, 3], "Toy CPU"), strict=True))
    assert len(row) == 53
    assert (row["Node_Id"], row["Cpu_Cores_Count"], row["Name"]) == (2, 2, "Toy CPU")
    assert (row["Simd_Count"], row["Vendor_Name"]) == (0, "")

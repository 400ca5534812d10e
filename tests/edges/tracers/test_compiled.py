"""Fingerprints of compiled code: per kernel, of all its variants, or of none."""

from pathlib import Path

import pytest

from kernel_opt.edges.tracers import compiled
from kernel_opt.edges.tracers.folder import read_folder
from tests.edges.tracers.trace_files import START, row, text, write


def assembly(name: str, value: int = 1) -> str:
    """A kernel of two instructions."""
    return f"""
	.amdgcn_target "amdgcn-amd-amdhsa--gfx942"
	.text
	.globl	{name}
	.type	{name},@function
{name}:
	v_mov_b32_e32 v0, {value}
	s_endpgm
	.size	{name}, .-{name}
	.amdhsa_kernel {name}
		.amdhsa_next_free_vgpr 4
		.amdhsa_next_free_sgpr 8
		.amdhsa_accum_offset 4
	.end_amdhsa_kernel
"""


def read(folder: Path, **files: str) -> dict[str, str]:
    """Read a folder with a trace and these files of code."""
    write(folder / "1_kernel_trace.csv", text(22, [row(22, "pa_main", START, START + 9)]))
    for name, content in files.items():
        write(folder / "code" / f"{name}.amdgcn", content)
    return read_folder(folder).isa


def test_every_kernel_has_its_own(tmp_path: Path) -> None:
    """The same code has the same fingerprint wherever it lies; another instruction makes another one."""
    first = read(tmp_path / "1", a=assembly("_Z7pa_mainPf"), b=assembly("reduce"))
    assert first.keys() == {"pa_main", "reduce"}
    assert read(tmp_path / "2", x=assembly("reduce"), y=assembly("_Z7pa_mainPf")) == first
    other = read(tmp_path / "3", a=assembly("_Z7pa_mainPf", 2), b=assembly("reduce"))
    assert other["reduce"] == first["reduce"]
    assert other["pa_main"] != first["pa_main"]
    assert read(tmp_path / "4") == {}


def test_variants_of_one_kernel_are_one_fingerprint(tmp_path: Path) -> None:
    """A tuner's variants, in any order and any number of copies; one more is another fingerprint."""
    pair = read(tmp_path / "1", a=assembly("k", 1), b=assembly("k", 2))
    assert read(tmp_path / "2", a=assembly("k", 2), b=assembly("k", 1), c=assembly("k", 1)) == pair
    assert read(tmp_path / "3", a=assembly("k", 1)) != pair


def test_of_an_incomplete_set_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file that cannot be read, or too many: no fingerprint at all, and a note."""
    assert read(tmp_path / "1", a=assembly("k"), b="\x7fELF") == {}
    assert "compiled code is not compared: " in read_folder(tmp_path / "1").notes[0]
    monkeypatch.setattr(compiled, "_MAX_FILES", 1)
    assert read(tmp_path / "2", a=assembly("k"), b=assembly("r")) == {}
    assert "2 files of compiled code are too many" in read_folder(tmp_path / "2").notes[0]

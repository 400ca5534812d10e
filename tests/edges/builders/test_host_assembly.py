"""Functions for the processor: their stack, and a digest that names of labels do not change."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kernel_opt.edges.builders.host_assembly import read_functions, read_host_assembly
from kernel_opt.model.errors import ReadFailedError

TEXT = """\
	.file	"k.c"
	.type	pa_main, @function
pa_main:
.LFB1:
	.cfi_startproc
	subq	$136, %rsp
	.loc 1 7 3
	movq	%rdi, 8(%rsp)	# spill
	vmovups	%zmm0, 16(%rsp)
	leaq	32(%rsp), %rax
	jne	.L3
	vmulps	.LC0(%rip), %ymm1, %ymm2
.L3:
	ret
	.size	pa_main, .-pa_main
	.section	.rodata
.LC0:
	.long	1065353216
"""


def digest(text: str) -> str:
    """The digest of the one function in a text."""
    (function,) = read_functions(text.splitlines())
    return function.digest


def test_frame_and_stack_traffic() -> None:
    """An address taken is no traffic."""
    (function,) = read_functions(TEXT.splitlines())
    assert (function.name, function.instructions, function.frame_bytes) == ("pa_main", 7, 136)
    assert (function.stack_moves, function.vector_stack_moves) == (2, 1)


@pytest.mark.parametrize("change", [("L3", "L44"), ("1 7 3", "1 9 9"), ("# spill", "# another word"), ("LFB1", "LFB9")])
def test_names_and_lines_do_not_count(change: tuple[str, str]) -> None:
    """What the compiler numbers, and what it tells a debugger."""
    assert digest(TEXT.replace(*change)) == digest(TEXT)


@pytest.mark.parametrize("change", [("$136", "$144"), ("1065353216", "1065353217"), ("jne", "je")])
def test_instructions_and_constants_count(change: tuple[str, str]) -> None:
    """Each is another program."""
    assert digest(TEXT.replace(*change)) != digest(TEXT)


def test_files_of_a_dump(tmp_path: Path) -> None:
    """In a fixed order; what is no plain file is refused."""
    (tmp_path / "000-k.c.s").write_text(TEXT)
    assert [one.name for one in read_host_assembly(tmp_path)] == ["pa_main"]
    (tmp_path / "001-l.c.s").symlink_to(tmp_path / "000-k.c.s")
    with pytest.raises(ReadFailedError, match="001-l"):
        read_host_assembly(tmp_path)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc: apt install gcc")
def test_what_gcc_writes(tmp_path: Path) -> None:
    """Renaming a variable changes nothing; a comment neither; another number does."""
    source = "float f(float *p, int n) { float s = 0; for (int i = 0; i < n; i++) s += p[i] * 3.0f; return s; }\n"
    texts = (source, source.replace("s ", "sum ").replace("return s", "return sum").replace("s +=", "sum +="))
    digests = []
    for number, text in enumerate((*texts, "/* told */\n" + source, source.replace("3.0f", "4.0f"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "k.c").write_text(text)
        subprocess.run(["gcc", "-O2", "-S", "-o", "k.s", "k.c"], cwd=folder, check=True)
        digests.append([one.digest for one in read_host_assembly(folder)])
    assert digests[0] == digests[1] == digests[2]
    assert digests[3] != digests[0]

"""An edit acts through compiled code alone only where nothing else of it could."""

import os
import sys

import pytest

from kernel_opt.edges.compiled_edit import Interpreter, acts_compiled
from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.errors import InfrastructureError

PYTHON = Interpreter(sys.executable, dict(os.environ), 30.0)
TRITON = [BuildSettings(name="t", builder=Builder.TRITON, command=("x",), covers=("kernels/*.inc",))]
SOURCE = '''
import triton

BLOCK = 64

@triton.jit
def pa(out, N: tl.constexpr):
    """Decode."""
    at = tl.program_id(0)
    tl.store(out + at, at)

def launch(out):
    pa[(64,)](out, BLOCK)
'''


def acts(old: str, new: str, path: str = "kernels/pa.py") -> bool:
    """Replace in the source, and ask."""
    assert old in SOURCE
    return acts_compiled(path, SOURCE.encode(), SOURCE.replace(old, new).encode(), TRITON, PYTHON)


@pytest.mark.parametrize(
    "change",
    [
        ("out + at, at", "out + at, at * 1"),
        ('"""Decode."""', '"""Decode a step."""'),
        ("BLOCK = 64", "BLOCK = 64  # r"),
    ],
)
def test_insides_of_kernels_comments_and_docstrings(change: tuple[str, str]) -> None:
    """What only the compiler sees, or nobody."""
    assert acts(*change)


@pytest.mark.parametrize(
    "change",
    [
        ("BLOCK = 64", "BLOCK = 32"),
        ("(64,)", "(32,)"),
        ("@triton.jit", "@triton.jit(noinline=True)"),
        ("@triton.jit", "@numba.jit"),
        ("N: tl", "M: tl"),
        ("BLOCK = 64", "BLOCK = ("),
    ],
)
def test_launchers_do_not_count_as_compiled(change: tuple[str, str]) -> None:
    """A grid or a tile acts although the code is the same; what does not parse cannot be told."""
    assert not acts(*change)


def test_files_that_a_build_covers() -> None:
    """By its globs; of C for the processor all of it; another kind of file never by itself."""
    assert acts_compiled("kernels/pa.inc", b"a", b"b", TRITON, PYTHON)
    assert not acts_compiled("kernels/pa.c", b"a", b"b", TRITON, PYTHON)
    host = [BuildSettings(name="c", builder=Builder.CC, command=("x",))]
    assert acts_compiled("kernels/pa.c", b"a", b"b", host, PYTHON)


def test_a_new_or_deleted_file_cannot_be_told() -> None:
    """There is nothing to hold it against."""
    assert not acts_compiled("kernels/new.py", None, b"x = 1\n", TRITON, PYTHON)
    assert not acts_compiled("kernels/old.py", b"x = 1\n", None, TRITON, PYTHON)


def test_an_interpreter_that_hangs_or_is_not_there() -> None:
    """The first cannot tell, the second is a fault of the machine."""
    assert not Interpreter(sys.executable, dict(os.environ), 0.0).is_same(b"x = 1\n", b"x = 1\n")
    with pytest.raises(InfrastructureError, match="does not start"):
        Interpreter("/no/such/python", {}, 1.0).is_same(b"", b"")

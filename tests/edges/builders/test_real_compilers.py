"""A short form of the books in bench/: real compilers, where `make bench-compile` has installed them."""

import os
from pathlib import Path

import pytest

from bench.compile_book import DATA, Shelf, YardMaker, read_book
from bench.compile_proof import prove
from kernel_opt.model.compiled import CompileOutcome

PYTHON = Path(__file__).parents[3] / "out" / "compile" / "bin" / "python"
EXPECTED = {
    "triton": {
        "other names inside": CompileOutcome.UNUSED,
        "a name that is not there": CompileOutcome.BROKEN,
        "tile of 512 tokens": CompileOutcome.CANNOT_LAUNCH,
        "prefetch two ahead": CompileOutcome.FINE,
    },
    "flydsl": {
        "a comment": CompileOutcome.UNUSED,
        "a function that is not there": CompileOutcome.BROKEN,
        "eight waves": CompileOutcome.CANNOT_LAUNCH,
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_edits_of_every_book_apply(name: str) -> None:
    """A book that lost its kernel would try nothing."""
    book = read_book(DATA / f"{name}.toml", "python", ("gfx942",))
    text = (DATA / name / book.file).read_text()
    assert [edit.name for edit in book.edits if any(old not in text for old, _ in edit.change)] == []
    assert set(EXPECTED[name]) == {edit.name for edit in book.edits if edit.is_short}


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.with_name("pip").exists(), reason="needs FlyDSL and Triton: `make bench-compile` once")
@pytest.mark.parametrize("name", EXPECTED)
def test_the_gate_is_right_about_real_kernels(name: str, tmp_path: Path) -> None:
    """One of each kind: what is settled is so, told without the gate's own readers."""
    book = read_book(DATA / f"{name}.toml", str(PYTHON), ("gfx942",))
    shelf = Shelf(book, (DATA / name,), tmp_path, YardMaker(str(PYTHON), dict(os.environ)))
    for edit in book.edits:
        if edit.is_short:
            weighed = shelf.weigh(edit)
            assert weighed is not None
            assert weighed.compiled.outcome is EXPECTED[name][edit.name], weighed.compiled.why
            assert prove(shelf, weighed) == ""

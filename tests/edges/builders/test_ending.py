"""What is taken from a build's words, and from what its program says of its kernel's error."""

from pathlib import Path

import pytest

from kernel_opt.edges.builders.ending import _say_why, keep_code, read_error
from kernel_opt.edges.process import Ended

DSL = """\
Traceback (most recent call last):
  File "compile_pa.py", line 13, in <module>
    flyc.compile(build(128, 16))
----------------------------------------
DSLCompileError: operand #0 must be of length 8
  note: see current operation

DSL Traceback (most recent operation last):
  File "pa_tile.py", line 66
    return fx.Vector(mfma(a, b, c))
                     ^
"""


def ended() -> Ended:
    """A compiler that ended with exit code 1."""
    known = {"exit_code": 1, "signal": None, "timed_out": False}
    return Ended(**{**dict.fromkeys(Ended.__dataclass_fields__), **known})


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (DSL, "DSLCompileError: operand #0 must be of length 8"),
        ("KeyError: 'a'\nDuring handling:\nValueError: no such tile\n", "ValueError: no such tile"),
        ("k.c:3:1: error: first\nk.c:9:1: error: second\n", "k.c:3:1: error: first"),
        ("note: one\nall is lost\n   ^~~~\n", "all is lost"),
        ("", "the compiler ended with exit code 1 and gave no reason"),
    ],
)
def test_the_line_that_says_most(log: str, why: str) -> None:
    """The first error of a compiler, the last exception of a program, else the last line."""
    assert _say_why(log, ended()) == why


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"largest": 4.5e-07}', 4.5e-07),
        ('{"largest": 0, "of": "float64"}', 0.0),
        ('{"largest": -1}', None),
        ('{"largest": NaN}', None),
        ('{"largest": 1e999}', None),
        ('{"largest": null}', None),
        ("{}", None),
        ("\xff", None),
        (" " * 5000 + '{"largest": 1}', None),
    ],
)
def test_an_error_against_float64(tmp_path: Path, text: str, error: float | None) -> None:
    """A number that can be one, or nothing."""
    path = tmp_path / "error.json"
    path.write_text(text, encoding="latin-1")
    assert read_error(path) == error


def test_no_error_is_told(tmp_path: Path) -> None:
    """Nothing there, or what is no plain file."""
    assert read_error(tmp_path / "error.json") is None
    (tmp_path / "real.json").write_text('{"largest": 1}')
    (tmp_path / "error.json").symlink_to(tmp_path / "real.json")
    assert read_error(tmp_path / "error.json") is None


def test_of_a_dump_the_code_is_kept(tmp_path: Path) -> None:
    """In order, and not for ever."""
    dump = tmp_path / "dump"
    (dump / "a").mkdir(parents=True)
    for number in range(70):
        (dump / "a" / f"{number:02d}.s").touch()
    (dump / "20_ir.mlir").touch()
    (dump / "link.s").symlink_to(dump / "a")
    keep_code(dump, tmp_path / "code")
    kept = sorted(path.name for path in (tmp_path / "code").iterdir())
    assert (kept[0], kept[-1], len(kept)) == ("00-00.s", "63-63.s", 64)
    keep_code(tmp_path / "code" / "none", tmp_path / "other")
    assert not (tmp_path / "other").exists()

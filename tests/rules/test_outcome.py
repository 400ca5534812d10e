"""Right, wrong and failed are told apart by rows and logs."""

import pytest

from kernel_opt.model.bench import WrongRow
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.settings import BenchmarkSettings
from kernel_opt.rules.outcome import find_failed_assertion, find_wrong_rows, is_trivial, last_words

PATTERNS = BenchmarkSettings(command=("x",), file="x", csv="x", metric="x").wrong_patterns


def test_rows_with_an_error_are_wrong() -> None:
    """0 is right, however it is written; no error column tells nothing."""
    errors = {"a": 0.0, "b": 1.0, "c": None, "d": -0.0, "e": -1.0, "f": 1e-9}
    rows = [ConfigRow(key=key, values={}, us=1.0, error=error) for key, error in errors.items()]
    assert find_wrong_rows(rows) == tuple(WrongRow(config=key, error=errors[key]) for key in "bef")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("ok\nAssertionError: Tensor-likes are not close!\nmore", "AssertionError: Tensor-likes are not close!"),
        ("  Mismatched elements: 3 / 10 (30.0%)", "Mismatched elements: 3 / 10 (30.0%)"),
        ("AssertionError: max_diff 0.2", "AssertionError: max_diff 0.2"),
        ("AssertionError: batch must be even", None),
        ("all close", None),
        ("", None),
    ],
)
def test_a_failed_tolerance_is_found_in_the_log(log: str, line: str | None) -> None:
    """An assertion on the numbers is told from any other; the line is the reason."""
    assert find_failed_assertion(log, PATTERNS) == line


def test_a_long_line_is_cut() -> None:
    """A matrix on one line does not get into the journal."""
    assert len(find_failed_assertion("Tensor-likes are not close " + "9" * 9000, PATTERNS) or "") == 300


@pytest.mark.parametrize(
    ("log", "trivial"),
    [
        ("Traceback ...\nNameError: name 'x' is not defined", True),
        ("  File k.py\nSyntaxError: invalid syntax", True),
        ("k.hip:3:5: error: use of undeclared identifier 'x'", True),
        ("ld.lld: error: undefined symbol: foo", True),
        ("RuntimeError: HIP error: out of memory", False),
        ("said SyntaxError in passing", False),
        ("", False),
    ],
)
def test_what_one_line_could_mend(log: str, trivial: bool) -> None:
    """A name, a comma, a declaration; not a crash."""
    assert is_trivial(log) is trivial


@pytest.mark.parametrize(
    ("log", "code", "signal", "words"),
    [
        ("x\nValueError: bad tile\n[done]\n", 1, None, "exit code 1: ValueError: bad tile"),
        ("one\n\n  two  \n", 3, None, "exit code 3: two"),
        ("", 2, None, "exit code 2: no output"),
        ("ValueError: x", None, 11, "killed by signal 11"),
        ("fatal: x\nlast", None, None, "exit code None: fatal: x"),
    ],
)
def test_the_last_words_are_the_line_that_says_most(log: str, code: int | None, signal: int | None, words: str) -> None:
    """The last error, else the last line, else that there was none."""
    assert last_words(log, code, signal) == words

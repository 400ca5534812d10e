"""The same script under another name, with another seed, in a tree that may be read-only."""

from pathlib import Path

import pytest

from kernel_opt.edges.disguise import write_disguised
from kernel_opt.model.errors import ReadFailedError

TEXT = "import x\nSEED = 123\nrun(SEED)\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/bench.py").write_text(TEXT)
    return tmp_path


def test_the_copy_stands_beside_it_with_another_seed(tree: Path) -> None:
    """The original is as it was; so are the rights of the folder."""
    (tree / "tests").chmod(0o555)
    assert write_disguised(tree, "tests/bench.py", "p1", r"^SEED = (\d+)", 77) == "tests/p1.py"
    assert (tree / "tests/p1.py").read_text() == TEXT.replace("123", "77")
    assert (tree / "tests/bench.py").read_text() == TEXT
    assert (tree / "tests").stat().st_mode & 0o777 == 0o555


def test_without_a_pattern_the_seed_stays(tree: Path) -> None:
    """Only the name is another."""
    write_disguised(tree, "tests/bench.py", "p1", "", 77)
    assert (tree / "tests/p1.py").read_text() == TEXT


@pytest.mark.parametrize("pattern", [r"NOT THERE = (\d+)", r"^SEED = \d+"])
def test_a_pattern_without_a_seed_is_told(pattern: str, tree: Path) -> None:
    """It names the setting."""
    with pytest.raises(ReadFailedError, match=r"integrity\.seed_pattern finds no seed in tests/bench\.py"):
        write_disguised(tree, "tests/bench.py", "p1", pattern, 77)


def test_a_script_that_cannot_be_read_is_told(tree: Path) -> None:
    """Missing, or no text."""
    (tree / "tests/odd.py").write_bytes(b"\xff\xfe")
    for name in ("tests/none.py", "tests/odd.py"):
        with pytest.raises(ReadFailedError, match="cannot be copied"):
            write_disguised(tree, name, "p1", "", 77)

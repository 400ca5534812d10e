"""The formatter is the repository's own choice, found by what it says of itself."""

import pytest

from kernel_opt.rules.formatters import choose_formatters

FILES = ("kernels/pa.py", "csrc/pa.hip", "notes.md")


@pytest.mark.parametrize(
    ("present", "pyproject", "chosen"),
    [
        ((), "", {}),
        ((), "[tool.ruff]\n", {("ruff", "format", "{files}"): ("kernels/pa.py",)}),
        ((".ruff.toml",), "", {("ruff", "format", "{files}"): ("kernels/pa.py",)}),
        ((), "[tool.ruff]\n[tool.black]\n", {("black", "--quiet", "{files}"): ("kernels/pa.py",)}),
        ((), "[tool.black]\n[tool.ruff.format]\n", {("ruff", "format", "{files}"): ("kernels/pa.py",)}),
        ((".clang-format",), "", {("clang-format", "-i", "{files}"): ("csrc/pa.hip",)}),
        (("csrc/_clang-format",), "", {("clang-format", "-i", "{files}"): ("csrc/pa.hip",)}),
        (("other/.clang-format",), "", {}),
        (("scripts/format.sh", ".clang-format"), "[tool.black]", {("bash", "scripts/format.sh", "{files}"): FILES}),
    ],
)
def test_the_project_says_how(present: tuple[str, ...], pyproject: str, chosen: dict) -> None:
    """Its script first, then what its files configure; nothing where it says nothing."""
    assert choose_formatters(present, pyproject, FILES) == chosen


def test_without_files_nothing_is_run() -> None:
    """A formatter without files would take the whole tree."""
    assert choose_formatters(("format.sh", ".clang-format"), "[tool.black]", ()) == {}

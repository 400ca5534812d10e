"""Puts the scripted repository somewhere, in one of its two dialects."""

import shutil
from pathlib import Path

_TEMPLATE = Path(__file__).with_name("repository")
SCRIPT = Path("tests/kernels/test_pa.py")
KERNEL = Path("kernels/pa_decode.py")


def lay_out(folder: Path, *, has_error_column: bool = True) -> Path:
    """Copy the repository into a new folder; without the error column a wrong result is an assertion in the log."""
    shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if not has_error_column:
        edit(folder / SCRIPT, "HAS_ERROR_COLUMN = True", "HAS_ERROR_COLUMN = False")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there once."""
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))

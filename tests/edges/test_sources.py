"""The texts of the tree are read with bounds, and the same ones every time."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges import sources
from kernel_opt.edges.sources import FILE_CAP_BYTES, read_sources


def test_plain_files_that_match_in_a_fixed_order(tmp_path: Path) -> None:
    """Links, pipes, large files and all that matches no glob are left out; bytes that are no text do not stop it."""
    for name in ("k/b.py", "k/a.py", "k/a/c.py", "docs/d.py", "k/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "k/e.py").write_bytes(b"\xff")
    (tmp_path / "k/link.py").symlink_to("a.py")
    os.mkfifo(tmp_path / "k/pipe.py")
    (tmp_path / "k/huge.py").touch()
    os.truncate(tmp_path / "k/huge.py", FILE_CAP_BYTES + 1)
    assert list(read_sources(tmp_path, ("k/**/*.py",))) == ["k/a.py", "k/b.py", "\ufffd", "k/a/c.py"]
    assert list(read_sources(tmp_path, ())) == []
    assert list(read_sources(tmp_path / "none", ("**",))) == []


def test_so_many_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree without end costs no more than one of the cap."""
    for number in range(5):
        (tmp_path / f"{number}.py").write_text(str(number))
    monkeypatch.setattr(sources, "FILES_CAP", 3)
    assert list(read_sources(tmp_path, ("**",))) == ["0", "1", "2"]

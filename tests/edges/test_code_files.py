"""Compiled kernels are kept beside their trace: all of them, or none."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges import code_files
from kernel_opt.edges.code_files import keep_code


def lay(home: Path, *names: str) -> Path:
    """Put files below a home."""
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    return home


def test_code_is_moved_whatever_its_depth(tmp_path: Path) -> None:
    """Files of one name from two folders stay apart; links, and what is no code, stay where they are."""
    home = lay(tmp_path / "home", "T/b/k.amdgcn", "T/a/k.amdgcn", "D/22_final_isa.s", "T/a/k.json", "T/c/k.hsaco")
    (home / "T/link.hsaco").symlink_to("/etc/passwd")
    os.mkfifo(home / "T/pipe.hsaco")
    keep_code(home, tmp_path / "code")
    kept = sorted(path.name for path in (tmp_path / "code").iterdir())
    assert kept == ["0000-k.amdgcn", "0001-k.amdgcn", "0002-k.hsaco"]
    assert (tmp_path / "code/0000-k.amdgcn").read_text() == "T/a/k.amdgcn"
    assert (home / "D/22_final_isa.s").exists()
    assert (home / "T/link.hsaco").is_symlink()


def test_nothing_is_kept_of_nothing(tmp_path: Path) -> None:
    """No code, or no home: no folder either."""
    keep_code(lay(tmp_path / "home", "a.txt"), tmp_path / "code")
    keep_code(tmp_path / "none", tmp_path / "code")
    assert not (tmp_path / "code").exists()


@pytest.mark.parametrize("cap", ["_MAX_FILES", "_MAX_BYTES", "_MAX_NAMES"])
def test_too_much_is_left_alone_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str) -> None:
    """A part would pass for the whole."""
    monkeypatch.setattr(code_files, cap, 1)
    keep_code(lay(tmp_path / "home", "a.hsaco", "b.hsaco"), tmp_path / "code")
    assert not (tmp_path / "code").exists()

"""An edit that nothing read was not what was measured."""

import os
from pathlib import Path

from kernel_opt.edges.provenance import find_read, mark_unread


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")


def test_files_that_were_read_are_told_from_the_others(tmp_path: Path) -> None:
    """Marking alone reads nothing, and keeps the time of the last change."""
    make(tmp_path, "k/a.py", "k/b.py")
    changed_ns = (tmp_path / "k/a.py").stat().st_mtime_ns
    names = ("k/a.py", "k/b.py")
    mark_unread(tmp_path, names)
    assert find_read(tmp_path, names) in ((), None)
    (tmp_path / "k/b.py").read_bytes()
    assert find_read(tmp_path, names) in (("k/b.py",), None)
    assert (tmp_path / "k/a.py").stat().st_mtime_ns == changed_ns
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k"]


def test_where_no_file_is_left_nothing_can_be_told(tmp_path: Path) -> None:
    """An edit that only removes files is not called unused for it."""
    make(tmp_path, "a.py")
    mark_unread(tmp_path, ("gone.py",))
    assert find_read(tmp_path, ("gone.py",)) is None
    assert find_read(tmp_path, ()) is None


def test_links_are_left_alone(tmp_path: Path) -> None:
    """What a link points at may lie anywhere."""
    make(tmp_path, "a.py")
    os.utime(tmp_path / "a.py", ns=(5, 5))
    (tmp_path / "link.py").symlink_to("a.py")
    mark_unread(tmp_path, ("link.py",))
    assert (tmp_path / "a.py").stat().st_atime_ns == 5
    assert find_read(tmp_path, ("link.py",)) is None


def test_a_file_system_that_does_not_tell_is_unknown(tmp_path: Path, monkeypatch) -> None:
    """Where reading moves no access time, nobody is blamed."""
    make(tmp_path, "a.py")
    mark_unread(tmp_path, ("a.py",))
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"")
    assert find_read(tmp_path, ("a.py",)) is None

"""Files of our own: whole or not at all, and gone when they are to go."""

import os
import resource
from pathlib import Path

import pytest

from kernel_opt.edges.files import atomic_write, filesystem_kind, free_bytes, remove_tree
from kernel_opt.model.errors import InfrastructureError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there under the old name, with nothing left beside it; a reader of the old one keeps it."""
    path = tmp_path / "report.md"
    atomic_write(path, b"old")
    with path.open("rb") as reader:
        atomic_write(path, b"new", mode=0o600)
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    """On an error the old file stays, and no half one lies about."""
    path = tmp_path / "report.md"
    atomic_write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            atomic_write(path, b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_local_file_system_has_no_network_kind(tmp_path: Path) -> None:
    """Only the kinds on the list are refused; what cannot be asked is an error, not a local disk."""
    assert filesystem_kind(tmp_path) is None
    assert filesystem_kind(Path("/proc")) is None
    with pytest.raises(InfrastructureError, match="cannot be told"):
        filesystem_kind(tmp_path / "nowhere")


def test_free_room_is_counted_in_bytes(tmp_path: Path) -> None:
    """The figure is the one that `df` shows to users."""
    about = os.statvfs(tmp_path)
    assert 0 < free_bytes(tmp_path) <= about.f_blocks * about.f_frsize


def test_anything_can_be_removed(tmp_path: Path) -> None:
    """Nothing, a file, a link, a shut directory, a tree deeper than any path may be long; what links lead to stays."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    target = tmp_path / "target"
    remove_tree(target)
    target.touch()
    remove_tree(target)
    target.symlink_to(kept)
    remove_tree(target)
    (target / "a/b").mkdir(parents=True)
    (target / "a/link").symlink_to(kept)
    (target / "a/b/x").touch()
    for name in ("a/b/x", "a/b", "a"):
        (target / name).chmod(0)
    remove_tree(target)
    target.mkdir()
    here = os.open(target, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(target)
    assert not target.exists()
    assert [path.name for path in kept.iterdir()] == ["file"]

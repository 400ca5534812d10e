"""Looking at files that change while they are looked at."""

import io
import os
from pathlib import Path

import pytest

from kernel_opt.edges import export, tree_scan
from kernel_opt.edges.tree_scan import SPECIAL, Found, Ignore, hash_file, scan_tree
from kernel_opt.model.errors import InfrastructureError

ABC = "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"
"""What git calls a file that holds abc."""


def test_a_file_is_named_as_git_names_it(tmp_path: Path) -> None:
    """Name and content belong together; content over the bound is not kept."""
    path = os.fsencode(tmp_path / "file")
    Path(os.fsdecode(path)).write_bytes(b"abc")
    assert hash_file(path, 3, "sha1", 3) == (ABC, b"abc")
    assert hash_file(path, 3, "sha1", 2) == (ABC, b"")


@pytest.mark.parametrize("seen_bytes", [2, 4])
def test_a_file_that_grew_or_shrank_has_no_name(tmp_path: Path, seen_bytes: int) -> None:
    """A file that is still being written is not what was seen, and is never stored half."""
    (tmp_path / "file").write_bytes(b"abc")
    assert hash_file(os.fsencode(tmp_path / "file"), seen_bytes, "sha1", 10) == (None, b"")


def test_a_file_that_became_something_else_has_no_name(tmp_path: Path) -> None:
    """Gone, a link or a pipe: not followed, not waited for."""
    (tmp_path / "target").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("gone", "link", "pipe"):
        assert hash_file(os.fsencode(tmp_path / name), 3, "sha1", 10) == (None, b"")


def test_a_directory_that_cannot_be_seen_is_special(tmp_path: Path) -> None:
    """What nobody can look into is told as one special thing, not as empty."""
    gone = os.fsencode(tmp_path / "gone")
    assert scan_tree(gone, frozenset(), frozenset(), Ignore(())) == {b"": Found(SPECIAL, 0)}


def test_a_file_that_vanished_under_the_look_is_special(tmp_path: Path) -> None:
    """A name without a file behind it is no plain file."""
    (tmp_path / "file").touch()
    with os.scandir(os.fsencode(tmp_path)) as entries:
        entry = next(entries)
    (tmp_path / "file").unlink()
    assert tree_scan._look(entry) == Found(SPECIAL, 0)


def test_a_git_that_ends_in_the_middle_of_a_file_is_told(tmp_path: Path) -> None:
    """An export never holds a part of a file without saying so."""
    with pytest.raises(InfrastructureError, match="middle of a file"):
        export._write_blob(io.BytesIO(b"ab"), os.fsencode(tmp_path / "file"), "100644", 3, read_only=False)

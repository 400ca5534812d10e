"""Promises of telling whether an edit was read."""

import os
import subprocess
from pathlib import Path

import pytest

from kernel_opt.edges.process import run_contained
from kernel_opt.edges.provenance import ReadWatch
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

PATH = {"PATH": os.environ["PATH"]}


def test_only_what_was_read_is_named(tmp_path: Path) -> None:
    """Of the watched files those are named that another process read, once each."""
    (tmp_path / "k").mkdir()
    names = ("k/a.py", "k/b.py")
    for name in names:
        (tmp_path / name).write_text("x")
    with ReadWatch(tmp_path, names) as watch:
        subprocess.run(["cat", "k/b.py", "k/b.py"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert watch.read == ("k/b.py",)


def test_nothing_read_is_told(tmp_path: Path) -> None:
    """A file that nobody opened is not among the read, whatever was done with its name."""
    (tmp_path / "a.py").write_text("x")
    with ReadWatch(tmp_path, ("a.py",)) as watch:
        (tmp_path / "a.py").stat()
        list(tmp_path.iterdir())
    assert watch.read == ()


def test_many_reads_do_not_lose_it(tmp_path: Path) -> None:
    """A file read more often than the kernel keeps events is still known as read."""
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "b.py").write_text("x")
    code = "for _ in range(20000):\n for name in 'ab': open(name + '.py').close()"
    with ReadWatch(tmp_path, ("a.py", "b.py")) as watch:
        subprocess.run(["python3", "-S", "-c", code], cwd=tmp_path, check=True)
    assert watch.read == ("a.py", "b.py")


def test_missing_files_and_links_tell_nothing(tmp_path: Path) -> None:
    """Where none of the files is a plain file, nothing can be told, and that is no failure."""
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "link.py").symlink_to("a.py")
    for names in (("gone.py",), ("link.py",), ()):
        with ReadWatch(tmp_path, names) as watch:
            (tmp_path / "a.py").read_text()
        assert watch.read is None


@pytest.mark.skipif(not probe_sandbox().level.holds(SandboxLevel.S3), reason="install bubblewrap to see this")
def test_a_read_inside_the_sandbox_is_heard(tmp_path: Path) -> None:
    """A child that sees the file through a read-only mount of its own is heard as well."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("x")
    walls = Sandbox(level=SandboxLevel.S3, places=(Place(str(tmp_path), Access.HIDE),))
    walls = Sandbox(level=walls.level, places=(*walls.places, Place(str(tmp_path / "tree"), Access.READ)))
    with ReadWatch(tmp_path / "tree", ("a.py",)) as watch:
        argv = ["cat", "a.py"]
        ended = run_contained(argv, cwd=tmp_path / "tree", env=PATH, log=tmp_path / "log", timeout_s=60, sandbox=walls)
    assert ended.exit_code == 0
    assert watch.read == ("a.py",)

"""Promises of protected files: a change is seen, however it is hidden."""

import os
from pathlib import Path

from kernel_opt.edges.manifest import Manifest


def lay_out(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    (tree / "submodule").mkdir()
    (tree / "tests" / "bench.py").write_text("honest")
    (tree / "k.py").write_text("kernel")
    return tree


def test_what_is_left_alone_is_no_change(tmp_path: Path) -> None:
    """Reading files, and new files beside them, change nothing that is protected."""
    tree = lay_out(tmp_path)
    seen = Manifest(tree, (str(tmp_path / "gone"),))
    (tree / "k.py").read_text()
    (tree / "out.csv").write_text("1")
    assert seen.find_changes() == type(seen.find_changes())()


def test_an_edit_that_was_taken_back_is_seen(tmp_path: Path) -> None:
    """The same bytes and the same times as before do not hide that a file was written."""
    tree = lay_out(tmp_path)
    bench = tree / "tests" / "bench.py"
    about = bench.stat()
    seen = Manifest(tree)
    bench.write_text("forged")
    bench.write_text("honest")
    os.utime(bench, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert seen.find_changes().inside == ("tests/bench.py",)


def test_removed_and_replaced_files_are_seen(tmp_path: Path) -> None:
    """A file that is gone, and one that another was moved over, have changed."""
    tree = lay_out(tmp_path)
    seen = Manifest(tree)
    (tree / "k.py").unlink()
    (tree / "new").write_text("honest")
    (tree / "new").replace(tree / "tests" / "bench.py")
    assert set(seen.find_changes().inside) == {"k.py", "tests/bench.py"}


def test_installed_files_are_looked_at(tmp_path: Path) -> None:
    """A program, and the entries of a package folder; what is further down is too much to look at."""
    tree, site = lay_out(tmp_path), tmp_path / "site-packages"
    (site / "torch").mkdir(parents=True)
    (site / "torch" / "a.py").write_text("x")
    (tmp_path / "python").write_text("x")
    protected = (str(site), str(tmp_path / "python"))
    seen = Manifest(tree, protected)
    (site / "torch" / "a.py").write_text("y")
    assert seen.find_changes().outside == ()
    (site / "hook.pth").write_text("import evil")
    (tmp_path / "python").write_text("z")
    assert seen.find_changes().outside == (str(tmp_path / "python"), str(site / "hook.pth"))


def test_what_a_run_left_is_removed(tmp_path: Path) -> None:
    """Files, links, folders and caches that were not there go; empty folders of the commit stay."""
    tree = lay_out(tmp_path)
    seen = Manifest(tree)
    (tree / "tests" / "__pycache__").mkdir()
    (tree / "tests" / "__pycache__" / "m.pyc").write_text("forged")
    (tree / "csv.py").write_text("shadow")
    (tree / "link").symlink_to("/etc")
    seen.remove_strays()
    left = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*"))
    assert left == ["k.py", "submodule", "tests", "tests/bench.py"]
    assert Path("/etc/passwd").exists()


def test_a_committed_table_may_be_written_over(tmp_path: Path) -> None:
    """A result of an earlier day that is in the commit is a place to write to, not a protected file."""
    tree = lay_out(tmp_path)
    (tree / "out.csv").write_text("old")
    seen = Manifest(tree, results="out*.csv")
    (tree / "out.csv").write_text("new")
    assert seen.find_changes().inside == ()

"""Promises of collecting: only what this run wrote, only plain files, and out of the run's reach."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges.session_records import RunOrder
from kernel_opt.worker.collect import Collection, Collector


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Where runs write."""
    made = tmp_path / "tree"
    made.mkdir()
    return made


def collector(tree: Path, *patterns: str, **rest: object) -> Collector:
    """Return a collector that has looked at the tree as it is now."""
    order = RunOrder(
        argv=("true",), cwd=str(tree), env={}, timeout_s=1.0, run_dir="run", log_name="log", collect=patterns, **rest
    )
    return Collector(tree.parent / "session", order)


def write(path: Path, text: str = "1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def origins(collection: Collection) -> list[str]:
    return [file.origin for file in collection.files]


def test_patterns_match_part_by_part(tree: Path) -> None:
    """A star stays within one directory, two stars reach through any number."""
    flat, deep = collector(tree, "*.csv"), collector(tree, "**/*.json")
    for name in ("a.csv", "sub/b.csv", "c.json", "x/y/d.json"):
        write(tree / name)
    assert origins(flat.collect()) == ["a.csv"]
    assert sorted(origins(deep.collect())) == ["c.json", "x/y/d.json"]


def test_a_directory_in_the_pattern_is_walked(tree: Path) -> None:
    """A pattern with directories finds files exactly there."""
    look = collector(tree, "out/*/r.csv")
    write(tree / "out" / "one" / "r.csv")
    write(tree / "out" / "r.csv")
    write(tree / "out" / "one" / "two" / "r.csv")
    assert origins(look.collect()) == ["out/one/r.csv"]


def test_a_file_set_back_in_time_is_still_new(tree: Path) -> None:
    """A file rewritten with its old length and old date is known by its change time."""
    path = write(tree / "r.csv", "0.9")
    old = path.stat()
    look = collector(tree, "*.csv")
    path.write_text("0.1")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert origins(look.collect()) == ["r.csv"]


def test_links_are_refused(tree: Path) -> None:
    """Neither a symbolic link nor a second name of an older file passes for a result."""
    write(tree.parent / "secret", "s")
    write(tree / "old.txt")
    look = collector(tree, "*.csv")
    (tree / "a.csv").symlink_to(tree.parent / "secret")
    os.link(tree / "old.txt", tree / "b.csv")
    os.mkfifo(tree / "c.csv")
    found = look.collect()
    assert found.files == ()
    assert [why.partition(":")[0] for why in found.refused] == ["a.csv", "b.csv", "c.csv"]
    assert (tree.parent / "secret").exists()


def test_linked_directories_are_not_followed(tree: Path) -> None:
    """A directory that is a link leads nowhere."""
    write(tree.parent / "elsewhere" / "r.csv")
    look = collector(tree, "**/*.csv")
    (tree / "out").symlink_to(tree.parent / "elsewhere")
    assert look.collect() == Collection((), (), ())


def test_size_is_bounded(tree: Path) -> None:
    """Files are taken as long as there is room, and the rest is named."""
    look = collector(tree, "*.csv", max_collect_bytes=5)
    write(tree / "a.csv", "1234")
    write(tree / "b.csv", "12")
    write(tree / "c.csv", "1")
    found = look.collect()
    assert origins(found) == ["a.csv", "c.csv"]
    assert found.refused == ("b.csv: 2 bytes are more than the 1 left for this run",)


def test_whole_directories_are_moved(tree: Path) -> None:
    """Everything new in a directory asked for is moved, under the directory's own name; what was there is stale."""
    trace = tree.parent / "trace"
    write(trace / "old.txt")
    look = collector(tree, collect_dirs=(str(trace),))
    write(trace / "host" / "1_kernel_trace.csv", "x")
    found = look.collect()
    assert [file.path for file in found.files] == ["run/trace/host/1_kernel_trace.csv"]
    assert found.stale == (str(trace / "old.txt"),)
    assert not (trace / "host" / "1_kernel_trace.csv").exists()


def test_a_directory_that_is_not_there_holds_nothing(tree: Path) -> None:
    """A directory the run never made is no error."""
    assert collector(tree, collect_dirs=(str(tree / "never"),)).collect() == Collection((), (), ())

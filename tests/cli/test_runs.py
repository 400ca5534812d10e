"""The run that is meant is found, or it is asked for; a live daemon is told by its lock."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.cli.runs import all_runs, find_run, is_alive
from kernel_opt.edges.places import RunPlace, place_run, write_about
from kernel_opt.model.errors import ReadFailedError, UsageError


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A state directory of the test's own, and a place to stand that is no repository."""
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path / "state"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    yield


def make_run(root: Path, repo: str, tag: str) -> RunPlace:
    (root / repo / "sub").mkdir(parents=True, exist_ok=True)
    tree = root / f"{repo}-kernel-opt-{tag}"
    tree.mkdir()
    place = place_run(str(root / repo), tag, str(tree))
    Path(place.directory).mkdir(parents=True)
    write_about(place)
    return place


def test_the_only_run_needs_no_name(tmp_path: Path) -> None:
    """From anywhere."""
    run = make_run(tmp_path, "a", "t")
    assert find_run(None, None) == find_run("t", None) == run
    assert all_runs() == [run]


def test_where_one_stands_tells_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the repository, below it, or in the worktree; a tag may still name a run of another repository."""
    one, two = make_run(tmp_path, "a", "t"), make_run(tmp_path, "b", "u")
    for here, run in ((tmp_path / "a", one), (tmp_path / "b/sub", two), (Path(two.worktree), two)):
        monkeypatch.chdir(here)
        assert find_run(None, None) == run
        assert find_run("t", None) == one
    assert find_run(None, str(tmp_path / "a")) == one
    (tmp_path / "ab").mkdir()
    monkeypatch.chdir(tmp_path / "ab")
    with pytest.raises(UsageError, match=r"several runs could be meant: t \(.*\), u \(.*\); name one with --tag"):
        find_run(None, None)


def test_the_same_tag_in_two_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The near one is meant; from elsewhere the repository must be named."""
    one, two = make_run(tmp_path, "a", "t"), make_run(tmp_path, "b", "t")
    with pytest.raises(UsageError, match="several runs"):
        find_run("t", None)
    assert find_run("t", str(tmp_path / "b")) == two
    monkeypatch.chdir(tmp_path / "a")
    assert find_run("t", None) == one


def test_no_such_run(tmp_path: Path) -> None:
    """Each says what to do."""
    with pytest.raises(UsageError, match="there is no run yet; `kernel-opt start --tag T` begins one"):
        find_run(None, None)
    make_run(tmp_path, "a", "t")
    with pytest.raises(UsageError, match="no run is tagged x"):
        find_run("x", None)
    with pytest.raises(UsageError, match="no run is tagged x"):
        find_run("x", str(tmp_path / "a"))
    with pytest.raises(UsageError, match=r"no run of .*elsewhere; see `kernel-opt status`"):
        find_run("t", str(tmp_path / "elsewhere"))


def test_a_run_that_cannot_be_read_is_passed_over_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for it, and the others go on; asked for by name, it is told what is wrong with it."""
    broken, sound = make_run(tmp_path, "a", "t"), make_run(tmp_path, "b", "u")
    Path(broken.directory, "run.json").write_text("{")
    assert find_run(None, None) == find_run("u", None) == sound
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": /")[0] for line in lines] == ["kernel-opt: passing over a run"] * 2
    with pytest.raises(ReadFailedError, match=r"run.json cannot be read"):
        find_run("t", None)
    another = make_run(tmp_path, "c", "t")
    assert find_run("t", None) == another


@pytest.mark.parametrize(("text", "pid"), [('{"pid": 4711}', 4711), ("", 0), ("{", 0), ("[]", 0), ('{"pid": null}', 0)])
def test_a_daemon_lives_while_its_lock_is_held(tmp_path: Path, text: str, pid: int) -> None:
    """Whatever is written in it; without a lock or a holder nobody lives."""
    run = make_run(tmp_path, "a", "t")
    assert is_alive(run) is None
    Path(run.lock).write_text(text)
    assert is_alive(run) is None
    fd = os.open(run.lock, os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        assert is_alive(run) == pid
    finally:
        os.close(fd)
    assert is_alive(run) is None

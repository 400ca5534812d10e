"""Bad input gets one line that says what, where and what now, and exit code 2 or 1; never a traceback."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_opt.cli.runs import find_run
from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.journal.store import Store
from tests.cli.toy_run import Toy, call
from tests.edges.toy_repository import user_git

Spoil = Callable[[Toy], None]
START = ("start", "--tag", "t1")


def replace(old: str, new: str) -> Spoil:
    """Write something else into the settings."""

    def spoil(toy: Toy) -> None:
        text = toy.settings.read_text()
        assert old in text
        toy.settings.write_text(text.replace(old, new))

    return spoil


def nothing(toy: Toy) -> None:
    """The command line itself is the slip."""


def unborn(toy: Toy) -> None:
    shutil.rmtree(toy.repo / ".git")
    user_git(toy.repo, "init", "--quiet")


def no_repository(toy: Toy) -> None:
    shutil.rmtree(toy.repo / ".git")


def merging(toy: Toy) -> None:
    (toy.repo / ".git/MERGE_HEAD").write_text("")


def branch_there(toy: Toy) -> None:
    user_git(toy.repo, "branch", "kernel-opt/t1")


def worktree_there(toy: Toy) -> None:
    toy.worktree.mkdir()


def run_there(toy: Toy) -> None:
    prepare(Wish(tag="t1", repo=toy.repo))


def file_in_the_way(toy: Toy) -> None:
    toy.state.write_text("")


def no_settings(toy: Toy) -> None:
    toy.settings.unlink()


def binary_settings(toy: Toy) -> None:
    toy.settings.write_bytes(b"\xff\xfe\x00")


def rocm_without_tools(toy: Toy) -> None:
    replace('name = "tests.worker.fake_platform:open_platform"', 'name = "rocm"')(toy)


CASES: tuple[tuple[str, Spoil, tuple[str, ...], int, str], ...] = (
    ("unknown key", replace("gap_s", "gapp_s"), START, 2, r"kernel-opt.toml: \[gate\] unknown key `gapp_s`; see"),
    ("unknown table", replace("[gate]", "[gates]"), START, 2, r"unknown key `gates`"),
    ("wrong type", replace("gap_s = 0.01", 'gap_s = "x"'), START, 2, r"Expected `float`, got `str`.*gate.gap_s"),
    ("out of range", replace("gap_s = 0.01", "gap_s = -1"), START, 2, r"kernel-opt.toml: Expected `float` >= 0"),
    ("no TOML", replace("[gate]", "[gate"), START, 2, r"kernel-opt.toml cannot be read: "),
    ("bytes", binary_settings, START, 2, r"kernel-opt.toml cannot be read: "),
    ("missing key", replace('metric = "us_kernel"', ""), START, 2, r"missing required field `metric`"),
    ("bad pattern", replace("[edit]", 'wrong_patterns = ["("]\n[edit]'), START, 2, r"'\(' is no regular expression"),
    ("no settings", no_settings, START, 2, r"has no kernel-opt.toml, .*; `kernel-opt init` looks"),
    ("no such settings", nothing, (*START, "--config", "none.toml"), 2, r"none.toml does not exist; name another"),
    ("bad tag", nothing, ("start", "--tag", "a/../b"), 2, r"the tag 'a/../b' cannot name a branch and a dir"),
    ("tag in use", branch_there, START, 2, r"the branch kernel-opt/t1 exists already; take another tag"),
    ("worktree there", worktree_there, START, 2, r"kernel-opt-t1 exists already; take another tag"),
    ("run there", run_there, START, 2, r"run t1 of .* exists already; take another tag, or go on"),
    ("no run to resume", nothing, (*START, "--resume"), 2, r"there is no run t1 .*; start it without --resume"),
    ("no repository", no_repository, START, 2, r"is not in a git repository; go to one"),
    ("no directory", nothing, (*START, "--repo", "/no/such"), 2, r"/no/such is not a directory; name one with --repo"),
    ("unborn HEAD", unborn, START, 2, r"has no commit yet; commit the code"),
    ("in mid merge", merging, START, 2, r"a merge is going on in .*; finish it"),
    ("missing benchmark", replace('file = "bench.py"', 'file = "b.py"'), START, 2, r"benchmark b.py is not in .*; "),
    ("missing proposer", replace('["sh",', '["no-such",'), START, 2, r"proposer 'command' .*: no-such is not"),
    ("unknown proposer", nothing, (*START, "--agent", "nobody"), 2, r"agent.name is 'nobody'; known proposers"),
    ("unknown platform", replace("open_platform", "no_platform"), START, 2, r"platform.name .* is no platform; use"),
    ("missing rocprofv3", rocm_without_tools, START, 2, r"rocprofv3 is not on PATH; install ROCm"),
    ("state in the way", file_in_the_way, START, 2, r"the state directory .* cannot be made: .*; set KERNEL_OPT_STATE"),
    ("too little room", replace("min_free_mb = 1.0", "min_free_mb = 1e12"), START, 2, r"MB are free at .*; make room"),
    ("unknown verb", nothing, ("strat",), 2, r"invalid choice: 'strat'"),
    ("unknown option", nothing, (*START, "--fast"), 2, r"unrecognized arguments: --fast; see"),
    ("no such run", nothing, ("stop", "--tag", "none"), 2, r"no run is tagged none; `kernel-opt start --tag T`"),
    ("no run at all", nothing, ("stop",), 2, r"there is no run yet; "),
)  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words", "code", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_slip_is_one_line(
    toy: Toy,
    spoil: Spoil,
    words: tuple[str, ...],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What, where, what now; the exit code tells a slip of the person from a failure; nothing is made."""
    spoil(toy)
    before = sorted(toy.root.rglob("*"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert call(*words) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("kernel-opt: ")
    assert re.search(said, told.err)
    made = [path for path in sorted(toy.root.rglob("*")) if path not in before]
    assert [path for path in made if path.parent != toy.state and path != toy.state] == []


def spoil_journal(toy: Toy, content: bytes | None) -> Path:
    """A run whose journal is something else; None: another program's database."""
    prepare(Wish(tag="t1", repo=toy.repo))
    folder = Path(find_run("t1", str(toy.repo)).directory)
    Store.create(folder).close()
    (folder / "journal.db").unlink()
    if content is None:
        with sqlite3.connect(folder / "journal.db") as db:
            db.execute("CREATE TABLE songs (name TEXT)")
        db.close()
    else:
        (folder / "journal.db").write_bytes(content)
    return folder / "journal.db"


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"\xff" * 4096, b"hello\n" * 1000, None])
def test_a_journal_that_is_none_is_told_and_left_alone(toy: Toy, content: bytes | None) -> None:
    """Corrupt or another program's: the real commands say so in one line each, and the file stays as it is."""
    path = spoil_journal(toy, content)
    before = path.read_bytes()
    for words in (("start", "--tag", "t1", "--resume"), ("history", "--tag", "t1"), ("show", "1", "--tag", "t1")):
        done = toy.run(*words)
        assert done.returncode == 1, words
        assert done.stderr.startswith("kernel-opt: "), words
        assert done.stderr.count("\n") == 1, words
        assert "Traceback" not in done.stderr
    assert path.read_bytes() == before
    status = toy.run("status", "--tag", "t1")
    assert "Traceback" not in status.stdout + status.stderr


def test_a_plan_that_is_none_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """A state directory that somebody wrote into."""
    prepare(Wish(tag="t1", repo=toy.repo))
    folder = Path(find_run("t1", str(toy.repo)).directory)
    (folder / "plan.json").write_text("{")
    assert call("start", "--tag", "t1", "--resume") == 1
    assert re.search(r"plan.json cannot be read: .*; is this a run's state directory\?", capsys.readouterr().err)
    (folder / "run.json").write_text("[]")
    assert call("stop", "--tag", "t1") == 1
    assert "run.json cannot be read" in capsys.readouterr().err


def test_a_real_process_says_the_same(toy: Toy) -> None:
    """No warning, no traceback around the one line."""
    toy.settings.write_text("[benchmark]\nspeed = 1\n")
    done = toy.run(*START)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"{toy.settings}: " in done.stderr


def test_a_file_that_cannot_be_read_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """What no verb foresaw of the system's errors is one line too: here a directory where the wishes belong."""
    toy.start()
    place = find_run("t1", None)
    shutil.rmtree(place.wishes, ignore_errors=True)
    Path(place.wishes).write_text("")
    assert call("pause") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"kernel-opt: {place.wishes}")
    assert told.count("\n") == 1
    Path(place.wishes).unlink()

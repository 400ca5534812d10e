import json
from pathlib import Path

import pytest

from kernel_opt.cli import history, show
from kernel_opt.model.errors import UsageError
from kernel_opt.views.terminal import Terminal
from tests.cli.seeing import call, save
from tests.views import canned
from tests.views.journals import JOURNALS

DIFF = "--- a/kernels/pa.py\n+++ b/kernels/pa.py\n@@ -1 +1 @@\n-\tx = 1\n+\tx = 2\x1b[2J\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir("/")
    return tmp_path


def test_the_verdict_comes_first_and_the_diff_last(root, capsys):
    """Verdict, hypothesis, numbers per class, why, candidate, diff; nothing in the diff steers the terminal."""
    place = save(root, canned.running())
    folder = Path(place.round_folder(1))
    folder.mkdir(parents=True)
    (folder / "diff.patch").write_text(DIFF)
    assert call(show, "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Round 1, kept: 7.5 ± 0.4 % faster on all classes"
    assert "hypothesis  Prefetch block 1 of K earlier." in lines
    assert "            0001faaaaaaa formatted, +4 -2 lines: right" in lines
    assert "files       kernels/pa.py" in lines
    assert lines[-2:] == ["-    x = 1", "+    x = 2?[2J"]


def test_a_long_diff_is_cut_unless_wished(root, capsys):
    """Two screens are enough to start with; the rest is one flag away."""
    place = save(root, canned.running())
    folder = Path(place.round_folder(1))
    folder.mkdir(parents=True)
    (folder / "diff.patch").write_text("+x\n" * 300)
    call(show, "1")
    out = capsys.readouterr().out
    assert out.count("+x") == 80
    assert "... 220 more lines: --diff, or " in out
    call(show, "1", "--diff")
    assert capsys.readouterr().out.count("+x") == 300


def test_a_round_without_folder_is_told_from_the_journal(root, capsys):
    """What was cleaned away on disk is still known."""
    save(root, canned.running())
    assert call(show, "3") == 0
    assert capsys.readouterr().out.startswith("Round 3, failed: SyntaxError\n")


def test_json(root, capsys):
    """One object, with the numbers of every class."""
    save(root, canned.running())
    assert call(show, "4", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ending"] == "regression"
    assert [one["outcome"] for one in found["verdict"]["classes"]] == ["worse", "worse"]


def test_an_unknown_round_is_refused(root):
    """The sentence says which rounds there are."""
    save(root, canned.running())
    with pytest.raises(UsageError, match="its rounds are 1 to 5"):
        call(show, "9")
    save(root, canned.fresh(), "new")
    with pytest.raises(UsageError, match="no round yet"):
        call(show, "1", "--tag", "new")


def test_colours_of_a_diff():
    """Added, removed and headers can be told apart."""
    lines = show.render_diff(DIFF, Terminal(80, has_colour=True), 10, "p")
    assert lines[-1].startswith("\x1b[32m+")
    assert lines[-2].startswith("\x1b[31m-")
    assert lines[-5].startswith("\x1b[1m---")


def test_a_keep_that_did_not_hold_is_told_as_such(root, capsys):
    """What became of a round later belongs to its verdict, in `show` and in `history`."""
    save(root, JOURNALS["rolled-back"]())
    call(show, "2")
    first = capsys.readouterr().out.replace("\n", " ")
    assert first.startswith("Round 2, kept: ")
    assert "given up later: it did not hold" in first
    call(show, "1")
    assert "given up" not in capsys.readouterr().out
    call(history)
    endings = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert endings == ["kept", "given", "tie", "tie"]


@pytest.mark.parametrize("name", ["endings", "checked"])
def test_every_kind_of_round_is_shown(root, capsys, name):
    """Whatever its ending, a round opens with one sentence; the open one says that it is not over."""
    run = JOURNALS[name]()
    save(root, run)
    for number in range(1, run.round + 1):
        assert call(show, str(number)) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"Round {number}, ")
        assert lines[-1].startswith("took ")
        assert call(show, str(number), "--json") == 0
        assert json.loads(capsys.readouterr().out)["round"] == number

import json

import pytest

from kernel_opt.cli import history
from tests.cli.seeing import call, save
from tests.views import canned


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.chdir("/")
    return tmp_path


def test_the_table(root, capsys):
    """One line a round below the head, plain and whole when piped."""
    save(root, canned.running())
    assert call(history) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["round", "ending", "faster", "by", "prediction", "target", "hypothesis"]
    assert len(lines) == 6


def test_json(root, capsys):
    """A list of rounds, with null for what is not known yet."""
    save(root, canned.running())
    assert call(history, "--json", "--tag", "apr16") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["ending"] for one in found] == ["kept", "tie", "failed", "regression", None]


def test_a_run_without_rounds(root, capsys):
    """A fresh run has an empty history, in both forms."""
    save(root, canned.fresh())
    call(history)
    assert capsys.readouterr().out == "No round was begun yet.\n"
    call(history, "--json")
    assert json.loads(capsys.readouterr().out) == []

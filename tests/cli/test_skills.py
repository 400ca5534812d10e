"""The skills that come along can be listed, and linked to where a person's own agent looks."""

import json
from pathlib import Path

import pytest

from kernel_opt.cli.main import main
from kernel_opt.edges.skills import find_shipped

NAMES = {note.name for note in find_shipped()}


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, what it is for, where it lies; the same as JSON."""
    assert main(["skills", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name}\n    " in shown for name in NAMES)
    assert main(["skills", "list", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == NAMES


@pytest.mark.parametrize(("agent", "variable"), [("claude", "CLAUDE_CONFIG_DIR"), ("codex", "CODEX_HOME")])
def test_installing_for_a_person(
    agent: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the agent's own place, or below the home; what is in the way is named and left alone."""
    monkeypatch.setenv(variable, str(tmp_path / "own"))
    assert main(["skills", "install", "--agent", agent]) == 0
    assert {path.name for path in (tmp_path / "own/skills").iterdir()} == NAMES
    assert (tmp_path / "own/skills/kernel-opt/SKILL.md").is_file()
    monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / f".{agent}/skills/kernel-opt").mkdir(parents=True)
    assert main(["skills", "install", "--agent", agent]) == 1
    told = capsys.readouterr()
    assert f"{len(NAMES) - 1} of {len(NAMES)} skills are in {tmp_path}" in told.out
    assert "kernel-opt is there already" in told.err


def test_installing_in_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where each agent looks; twice is once; an agent without a place of the person's needs one."""
    for _ in range(2):
        assert main(["skills", "install", "--agent", "gemini", "--repo", str(tmp_path)]) == 0
    assert {path.name for path in (tmp_path / ".gemini/skills").iterdir()} == NAMES
    assert main(["skills", "install", "--agent", "gemini"]) == 2
    assert main(["skills", "install", "--agent", "gemini", "--repo", str(tmp_path / "none")]) == 2
    assert "name a repository with --repo" in capsys.readouterr().err

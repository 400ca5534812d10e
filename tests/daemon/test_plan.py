"""What a daemon is started with."""

from pathlib import Path

import pytest

from kernel_opt.daemon.plan import Plan, read_plan, user_environment, write_plan
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import ReadFailedError


def plan(**more: object) -> Plan:
    known = {"tag": "t1", "repository": "/r", "worktree": "/w", "base": "abc", "settings": {"a": [1, "x"]}}
    return Plan(**known, settings_source="preset", environment={"PATH": "/bin"}, **more)


def test_a_plan_is_read_back_as_written(tmp_path: Path) -> None:
    """Settings and environment included; nobody else may read it."""
    wanted = plan(max_rounds=3, max_hours=1.5, wished=False)
    write_plan(RunPlace(str(tmp_path), "t1", "/r", "/w"), wanted)
    assert read_plan(tmp_path) == wanted
    assert (tmp_path / "plan.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", [None, "", "[]", '{"tag": 1}', "\x00"])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str | None) -> None:
    """Missing, cut off or foreign: one sentence with the file's name."""
    if text is not None:
        (tmp_path / "plan.json").write_text(text)
    with pytest.raises(ReadFailedError, match=r"plan\.json cannot be read"):
        read_plan(tmp_path)


def test_only_what_finds_programs_is_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret reaches the journal, unless the settings name it for the benchmark."""
    monkeypatch.setenv("API_KEY", "secret")
    monkeypatch.setenv("ROCM_PATH", "/opt/rocm")
    monkeypatch.setenv("LICENCE_FILE", "/l")
    found = user_environment()
    assert found["ROCM_PATH"] == "/opt/rocm"
    assert "PATH" in found
    assert not {"API_KEY", "LICENCE_FILE"} & found.keys()
    assert user_environment(("LICENCE_FILE", "NOT_SET"))["LICENCE_FILE"] == "/l"

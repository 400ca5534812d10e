"""Which coding agents are there, in which version, and whether their keys are, never what they are."""

from pathlib import Path

import pytest

from kernel_opt.cli.doctor_agents import check_agents
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.rules.doctor import Level
from tests.fakes import settings


def test_what_is_known_of_each_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody asked for may be missing; one that is wanted and lacks something is told with what to do."""
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho '2.1.400 (Claude Code)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("MINE", "sk-secret")
    monkeypatch.delenv("THEIRS", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    agents = (
        CodingAgent(name="mine", kind="claude", program=str(program), keys=("MINE",)),
        CodingAgent(name="theirs", kind="claude", program=str(program), keys=("THEIRS",)),
    )
    checks = {one.name: one for one in check_agents(settings(agent=AgentSettings(name="mine"), agents=agents))}
    assert checks["agent mine"].told == f"2.1.400 at {program}, key in $MINE"
    assert (checks["agent theirs"].level, "set THEIRS" in checks["agent theirs"].mend) == (Level.WARN, True)
    assert (checks["agent codex"].level, checks["agent codex"].told) == (Level.OK, "not installed")
    assert "sk-secret" not in str(checks)
    assert check_agents(None) == []

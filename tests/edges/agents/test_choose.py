"""The settings name the proposer."""

from pathlib import Path

import pytest

from kernel_opt.edges.agents.chain import ChainProposer
from kernel_opt.edges.agents.choose import choose_proposer, coding_agents
from kernel_opt.model.agent_settings import CodingAgent
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import AgentSettings
from tests.fakes import settings


def choose(name: str, folder: Path = Path("/repo")):
    return choose_proposer(settings(agent=AgentSettings(name=name, command=("sh",))), folder)


@pytest.mark.parametrize("name", ["command", "playbook", "knobs", " knobs ,"])
def test_one_proposer(name: str) -> None:
    """By its name; blanks and empty places do not count."""
    assert choose(name).name == name.strip(" ,")


def test_several_are_asked_in_order(tmp_path: Path) -> None:
    """The first named is the first asked."""
    chain = choose("playbook, command", tmp_path)
    assert isinstance(chain, ChainProposer)
    assert chain.name == "playbook"
    assert chain.find_problem() is None


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "agent.name is empty"), (" , ", "agent.name is empty"), ("claud", "agent.name is 'claud'; known proposers")],
)
def test_another_name_is_a_slip(name: str, said: str) -> None:
    """With the names that are known."""
    with pytest.raises(UsageError, match=said):
        choose(name)


def test_coding_agents_need_no_table(tmp_path: Path) -> None:
    """By their usual names; with a table, by a name of one's own."""
    assert choose("claude").name == "claude"
    assert choose("codex").name == "codex"
    own = CodingAgent(name="gem-ini", kind="acp", program="gemini", share=2)
    plain = settings(agent=AgentSettings(name="gem-ini, playbook"), agents=(own,))
    chosen = choose_proposer(plain, tmp_path)
    assert (chosen.name, coding_agents(plain)["gem-ini"].share) == ("gem-ini", 2)


@pytest.mark.parametrize("names", [("knobs",), ("a", "a"), ("",), ("a/b",)])
def test_a_name_of_ones_own_is_one(names: tuple[str, ...]) -> None:
    """It names a folder and a row of every record."""
    agents = tuple(CodingAgent(name=name, kind="claude") for name in names)
    with pytest.raises(UsageError, match="no right name"):
        coding_agents(settings(agents=agents))

"""The settings name the proposer."""

from pathlib import Path

import pytest

from kernel_opt.edges.agents.chain import ChainProposer
from kernel_opt.edges.agents.choose import choose_proposer
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

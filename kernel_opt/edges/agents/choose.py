"""The proposer that the settings name."""

from pathlib import Path

from kernel_opt.edges.agents.command import CommandProposer
from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings


def choose_proposer(settings: Settings, repository: Path) -> Proposer:
    """Return the proposer; raise UsageError when there is none of that name."""
    del repository
    match settings.agent.name:
        case "command":
            return CommandProposer(settings.agent)
        case name:
            raise UsageError(f"agent.name is {name!r}", 'known proposers: "command"')

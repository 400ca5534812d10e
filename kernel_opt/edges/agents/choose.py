"""The proposer that the settings name, or several in order."""

from pathlib import Path

from kernel_opt.edges.agents.chain import ChainProposer
from kernel_opt.edges.agents.command import CommandProposer
from kernel_opt.edges.agents.knobs import KnobsProposer
from kernel_opt.edges.agents.playbook import PlaybookProposer
from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings


def choose_proposer(settings: Settings, repository: Path) -> Proposer:
    """Return the proposer; raise UsageError when there is none of that name."""
    names = [name.strip() for name in settings.agent.name.split(",") if name.strip()]
    links = [_choose_one(name, settings, repository) for name in names]
    if not links:
        raise UsageError("agent.name is empty", 'write "command", "playbook" or "knobs"')
    return links[0] if len(links) == 1 else ChainProposer(links)


def _choose_one(name: str, settings: Settings, repository: Path) -> Proposer:
    match name:
        case "command":
            return CommandProposer(settings.agent)
        case "playbook":
            return PlaybookProposer(repository / settings.agent.playbook)
        case "knobs":
            return KnobsProposer(settings.knobs, settings.search)
        case _:
            raise UsageError(f"agent.name is {name!r}", 'known proposers: "command", "playbook", "knobs"')

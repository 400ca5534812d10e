"""The proposer that the settings name, or several in order."""

from collections.abc import Callable, Mapping
from pathlib import Path

from kernel_opt.edges.agents.acp import Acp
from kernel_opt.edges.agents.chain import ChainProposer
from kernel_opt.edges.agents.claude import Claude
from kernel_opt.edges.agents.codex import Codex
from kernel_opt.edges.agents.coding import CodingProposer
from kernel_opt.edges.agents.command import CommandProposer
from kernel_opt.edges.agents.knobs import KnobsProposer
from kernel_opt.edges.agents.order import Dialect
from kernel_opt.edges.agents.playbook import PlaybookProposer
from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.model.agent_settings import CodingAgent, Kind
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings

DIALECTS: Mapping[Kind, Callable[[], Dialect]] = {"claude": Claude, "codex": Codex, "acp": Acp}
BUILT_IN = ("command", "playbook", "knobs")


def choose_proposer(settings: Settings, repository: Path) -> Proposer:
    """Return the proposer; raise UsageError when there is none of that name."""
    names = [name.strip() for name in settings.agent.name.split(",") if name.strip()]
    agents = coding_agents(settings)
    links = [_choose_one(name, agents, settings, repository) for name in names]
    if not links:
        raise UsageError("agent.name is empty", 'write "claude", "codex", "command", "playbook" or "knobs"')
    shares = [agents[name].share if name in agents else 0 for name in names]
    return links[0] if len(links) == 1 else ChainProposer(links, shares)


def coding_agents(settings: Settings) -> dict[str, CodingAgent]:
    """Return every coding agent that ``agent.name`` may name: those of the settings and those that need no table."""
    found: dict[str, CodingAgent] = {kind: CodingAgent(name=kind, kind=kind) for kind in DIALECTS if kind != "acp"}
    own: set[str] = set()
    for agent in settings.agents:
        if agent.name in own or agent.name in BUILT_IN or not agent.name.replace("-", "").replace("_", "").isalnum():
            told = "letters, digits, - and _ make a name of its own, other than command, playbook and knobs"
            raise UsageError(f"[[agents]] has no right name in {agent.name!r}", told)
        own.add(agent.name)
        found[agent.name] = agent
    return found


def _choose_one(name: str, agents: Mapping[str, CodingAgent], settings: Settings, repository: Path) -> Proposer:
    match name:
        case "command":
            return CommandProposer(settings.agent)
        case "playbook":
            return PlaybookProposer(repository / settings.agent.playbook)
        case "knobs":
            return KnobsProposer(settings.knobs, settings.search)
        case _ if name in agents:
            return CodingProposer(agents[name], settings.agent, DIALECTS[agents[name].kind]())
        case _:
            known = ", ".join(f'"{one}"' for one in (*agents, *BUILT_IN))
            raise UsageError(f"agent.name is {name!r}", f"known proposers: {known}")

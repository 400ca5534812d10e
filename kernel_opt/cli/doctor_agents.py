"""Checks of the coding agents: which are installed, in which version, and whether their keys are there."""

from collections.abc import Sequence

from kernel_opt.edges.agents.choose import DIALECTS, coding_agents
from kernel_opt.edges.agents.found import look_for
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, ok, warn


def check_agents(settings: Settings | None) -> Sequence[Check]:
    """Tell of every coding agent that could propose; whether the one chosen can is another check."""
    if settings is None:
        return []
    wanted = {name.strip() for name in settings.agent.name.split(",")} | {agent.name for agent in settings.agents}
    found: list[Check] = []
    for name, agent in coding_agents(settings).items():
        seen = look_for(agent, DIALECTS[agent.kind]())
        if seen.problem is None or name not in wanted:
            found.append(ok(f"agent {name}", seen.told))
        else:
            found.append(warn(f"agent {name}", seen.told, seen.problem))
    return found

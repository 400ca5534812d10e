"""Whether a traced run was on the leased card: the trace names the device of every kernel."""

from kernel_opt.model.reading import Reading
from kernel_opt.model.recording import Agent, Recording
from kernel_opt.rules.card.identity import Sameness, SeenCard, bdf_of_location, compare_card
from kernel_opt.rules.trace.summary import agent_of


def check_card(leased: Reading, recording: Recording) -> tuple[Sameness, str]:
    """Say whether every kernel ran on the leased card, and in words what was seen; one elsewhere is enough."""
    labels = {launch.agent for launch in recording.launches}
    agents = [agent_of(recording, label) for label in sorted(labels, key=str)]
    found = [(_compare(leased, agent), agent) for agent in agents]
    stray = next((agent for sameness, agent in found if agent and sameness is Sameness.DIFFERENT), None)
    if stray is not None:
        return Sameness.DIFFERENT, f"the kernels ran on {_tell_agent(stray)}, not on the leased {_tell_card(leased)}"
    if found and all(sameness is Sameness.SAME for sameness, _ in found):
        return Sameness.SAME, ""
    return Sameness.UNKNOWN, f"not checked: the trace does not tell whether this ran on the leased {_tell_card(leased)}"


def _compare(leased: Reading, agent: Agent | None) -> Sameness:
    return Sameness.UNKNOWN if agent is None else compare_card(leased, _to_seen(agent))


def _to_seen(agent: Agent) -> SeenCard:
    # A location of 0 is no address: virtual machines tell that.
    bdf = bdf_of_location(agent.location_id, agent.domain) if agent.location_id else None
    return SeenCard(bdf=bdf, node_id=agent.node_id, guid=agent.gpu_id or None)


def _tell_agent(agent: Agent) -> str:
    seen = _to_seen(agent)
    told = (("PCI", seen.bdf), ("node", seen.node_id), ("KFD id", seen.guid))
    return f"the GPU at {', '.join(f'{name} {value}' for name, value in told if value is not None) or 'no known place'}"


def _tell_card(leased: Reading) -> str:
    return f"card {leased.card} ({leased.bdf or leased.unique_id or 'address unknown'}, HIP {leased.hip_index})"

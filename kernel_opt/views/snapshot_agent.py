"""The parts of a stored status about the proposer: what was spent on it, and whether it answers."""

from kernel_opt.model.settings import Settings
from kernel_opt.model.spending import AgentTally
from kernel_opt.model.state import RunState
from kernel_opt.views.snapshot_nouns import AgentNow, AgentSpent, Spent


def spent_so_far(state: RunState) -> Spent:
    """Return what the run has used up."""
    tally = state.tally
    return Spent(
        gpu_s=round(tally.gpu_s, 1),
        agent_tokens=tally.agent_tokens or None,
        cost_usd=round(tally.cost_usd, 4) or None,
        active_s=round(tally.active_s, 1),
        agents=tuple(_agent_spent(one) for one in tally.agents),
    )


def _agent_spent(one: AgentTally) -> AgentSpent:
    cost_usd = None if one.cost_usd is None else round(one.cost_usd, 4)
    counts = {"calls": one.calls, "rounds": one.rounds, "keeps": one.keeps, "tokens": one.tokens}
    return AgentSpent(agent=one.agent, model=one.model, cost_usd=cost_usd, **counts)


def agent_now(state: RunState, limits: Settings) -> AgentNow:
    """Return how the proposer is."""
    is_away = state.hold is not None and state.hold.cause == "proposer"
    why = state.proposer_lost or (state.hold.why if state.hold and is_away else "")
    answered_s = state.agent_s or None
    wish = state.deeper
    return AgentNow(
        name=limits.agent.name,
        answered_s=answered_s,
        away_times=state.proposer_away,
        away_why=why,
        counters=f"Counters were asked for in round {wish.asked}." if wish.asked else wish.came,
    )

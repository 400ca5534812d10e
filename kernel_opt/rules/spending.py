"""What calls of the proposer cost, added up per round, per day and per agent, and when that is enough."""

from msgspec.structs import replace

from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.spending import AgentTally, Spent
from kernel_opt.model.stages import Barred, Runnable
from kernel_opt.model.state import RunState, Tally
from kernel_opt.model.steps import Amend, Drop, OpenRound, Propose, Step, Wait
from kernel_opt.rules.aftermath import AMENDED, bench_candidate

DAY_S = 86_400
_COUNTED = ("input_tokens", "output_tokens", "cost_usd")


def add_usage(one: Usage, other: Usage) -> Usage:
    """Return both together under the second's name; what neither told stays unknown."""
    sums = {name: _sum(getattr(one, name), getattr(other, name)) for name in _COUNTED}
    return replace(other, wall_s=one.wall_s + other.wall_s, **sums)


def less_usage(total: Usage, before: Usage) -> Usage:
    """Return what was used since ``before``; a figure that has become smaller counts from nothing."""
    rest: dict[str, float | None] = {}
    for name in _COUNTED:
        new, old = getattr(total, name), getattr(before, name) or 0
        rest[name] = new if new is None or new < old else new - old
    return replace(total, **rest)


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def tokens_of(usage: Usage) -> int:
    """Return all tokens of a call, read and written; unknown counts as none."""
    return (usage.input_tokens or 0) + (usage.output_tokens or 0)


def spent(tally: Tally, usage: Usage, at_s: float) -> Tally:
    """Return the tally with one more call of the proposer."""
    if usage == Usage():
        return tally
    cost_usd, tokens = usage.cost_usd or 0.0, tokens_of(usage)
    today = int(at_s // DAY_S)
    day = tally.day if tally.day.number == today else Spent(number=today)
    return replace(
        tally,
        cost_usd=tally.cost_usd + cost_usd,
        agent_tokens=tally.agent_tokens + tokens,
        day=_more(day, cost_usd, tokens),
        in_round=_more(tally.in_round, cost_usd, tokens),
        agents=_per_agent(tally.agents, usage),
    )


def _more(so_far: Spent, cost_usd: float, tokens: int) -> Spent:
    return replace(so_far, usd=so_far.usd + cost_usd, tokens=so_far.tokens + tokens)


def _per_agent(agents: tuple[AgentTally, ...], usage: Usage) -> tuple[AgentTally, ...]:
    if not usage.agent:
        return agents
    old = next((one for one in agents if (one.agent, one.model) == (usage.agent, usage.model)), None)
    mine = old or AgentTally(agent=usage.agent, model=usage.model)
    mine = replace(
        mine,
        calls=mine.calls + 1,
        cost_usd=_sum(mine.cost_usd, usage.cost_usd),
        tokens=mine.tokens + tokens_of(usage),
        wall_s=mine.wall_s + usage.wall_s,
    )
    return (*agents, mine) if old is None else tuple(mine if one is old else one for one in agents)


def round_ended(tally: Tally, agent: str, model: str, *, is_keep: bool) -> Tally:
    """Return the tally with one more round of the agent that made its claim, and its win if it was one."""
    agents = tuple(
        replace(one, rounds=one.rounds + 1, keeps=one.keeps + is_keep)
        if (one.agent, one.model) == (agent, model)
        else one
        for one in tally.agents
    )
    return replace(tally, agents=agents)


def within_budget(step: Step, state: RunState, limits: Settings) -> Step:
    """Return the step, or what is done instead when it would ask a proposer that has cost enough."""
    if not isinstance(step, OpenRound | Propose | Amend):
        return step
    agent, day, used = limits.agent, state.tally.day, state.tally.in_round
    if _is_over(day, agent.day_usd, agent.day_tokens) and day.number == int(state.last_s // DAY_S):
        return Wait((day.number + 1.0) * DAY_S, f"the day's budget is spent: {_in_words(day)}")
    if not _is_over(used, agent.round_usd, agent.round_tokens):
        return step
    why = f"the round's budget is spent: {_in_words(used)}"
    match step:
        case Amend() if isinstance(state.stage, Runnable):
            return bench_candidate(state.stage)  # nothing is wrong with it: it is measured as it is
        case Amend():
            return Drop(AMENDED.get(step.origin, Ending.FAILED), why)
        case Propose() if isinstance(state.stage, Barred):
            return Drop(Ending.GAVE_NOTHING, f"{why}; {step.sent_back}")
        case _:  # a new round has its own budget
            return step


def _is_over(used: Spent, usd: float, tokens: int) -> bool:
    return bool((usd and used.usd >= usd) or (tokens and used.tokens >= tokens))


def _in_words(used: Spent) -> str:
    return f"{used.usd:.2f} USD, {used.tokens} tokens"


def left_usd(state: RunState, limits: Settings) -> float | None:
    """Return what one call may cost at most by the budgets that are set; None: no bound."""
    agent, tally = limits.agent, state.tally
    today = tally.day.usd if tally.day.number == int(state.last_s // DAY_S) else 0.0
    bounds = [
        bound - used
        for bound, used in (
            (agent.round_usd, tally.in_round.usd),
            (agent.day_usd, today),
            (limits.stop.max_cost_usd, tally.cost_usd),
        )
        if bound
    ]
    # A mend of the last round may find the budget spent; the least a call can be given is a cent.
    return max(0.01, min(bounds)) if bounds else None

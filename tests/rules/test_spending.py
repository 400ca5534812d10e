"""What calls of the proposer cost is added up, and over a budget nothing more is asked."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.agent_settings import AgentSettings
from kernel_opt.model.facts import Entry, ProposerAway, StopAsked
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin, Usage
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import StopSettings
from kernel_opt.model.spending import AgentTally, Spent
from kernel_opt.model.stages import Barred, Opened, Runnable, Tries
from kernel_opt.model.state import Hold, RunState, Tally
from kernel_opt.model.steps import Amend, Bench, Drop, OpenRound, Propose, Wait
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.protocol import hold_length_s
from kernel_opt.rules.spending import DAY_S, add_usage, left_usd, less_usage, round_ended, spent, within_budget
from tests.fakes import settings

CALL = Usage(wall_s=2.0, input_tokens=100, output_tokens=20, cost_usd=0.5, agent="claude", model="m1", version="1.2.3")
CANDIDATE = Candidate(
    commit="c", parent="p", origin=Origin.PROPOSED, files=("k",), lines_added=1, lines_removed=1
)  # fmt: skip
NOON_S = 20_000.5 * DAY_S


def amend(origin: Origin = Origin.REPAIR) -> Amend:
    return Amend(origin, Hypothesis(sentence="s"), CANDIDATE, "why")


def run(tally: Tally, **rest: object) -> RunState:
    return RunState(tally=tally, last_s=NOON_S, **rest)


def test_what_nobody_told_stays_unknown() -> None:
    """A sum of unknowns is unknown, and one known figure is the sum."""
    codex = Usage(input_tokens=10, agent="codex")
    both = add_usage(CALL, codex)
    assert (both.input_tokens, both.output_tokens, both.cost_usd, both.agent) == (110, 20, 0.5, "codex")
    assert add_usage(codex, codex).cost_usd is None


def test_a_total_becomes_what_one_call_used() -> None:
    """Some agents tell the sum of the whole conversation; a smaller one is of another conversation."""
    total = Usage(input_tokens=150, output_tokens=10, cost_usd=None)
    own = less_usage(total, CALL)
    assert (own.input_tokens, own.output_tokens, own.cost_usd) == (50, 10, None)
    assert less_usage(CALL, Usage()) == CALL


def test_costs_are_kept_by_run_day_round_and_agent() -> None:
    """A new day begins at midnight UTC; two models of one agent are two rows."""
    tally = spent(spent(Tally(), CALL, NOON_S), CALL, NOON_S)
    assert (tally.cost_usd, tally.agent_tokens) == (1.0, 240)
    assert tally.day == Spent(number=20_000, usd=1.0, tokens=240)
    assert tally.in_round == Spent(usd=1.0, tokens=240)
    later = spent(tally, replace(CALL, model="m2", cost_usd=None), NOON_S + DAY_S)
    assert later.day == Spent(number=20_001, usd=0.0, tokens=120)
    assert later.agents == (
        AgentTally(agent="claude", model="m1", calls=2, cost_usd=1.0, tokens=240, wall_s=4.0),
        AgentTally(agent="claude", model="m2", calls=1, cost_usd=None, tokens=120, wall_s=2.0),
    )
    assert spent(tally, Usage(), NOON_S) is tally
    assert spent(Tally(), Usage(cost_usd=1.0), NOON_S).agents == ()  # a program of the user's has no model


def test_wins_are_the_agents_whose_claim_it_was() -> None:
    """Per agent and model."""
    tally = Tally(agents=(AgentTally(agent="a", model="m"), AgentTally(agent="b")))
    ended = round_ended(round_ended(tally, "a", "m", is_keep=True), "a", "m", is_keep=False)
    assert [(one.rounds, one.keeps) for one in ended.agents] == [(2, 1), (0, 0)]


def test_calls_that_came_to_nothing_cost_all_the_same() -> None:
    """A proposer that is away, and one that was stopped."""
    state = RunState(stage=Opened())
    for seq, fact in enumerate((ProposerAway(why="limit", usage=CALL), StopAsked(by="ana", usage=CALL)), 1):
        entry = Entry(seq=seq, round=1, at_s=NOON_S, boottime_s=1.0, boot_id="b", fact=fact)
        state = evolve(state, entry)
    assert (state.tally.cost_usd, state.tally.agents[0].calls) == (1.0, 2)


BARRED = Barred("repeat", "again", False, Tries(), Origin.PROPOSED, Hypothesis(sentence="s"))


@pytest.mark.parametrize("limit", [{"round_usd": 1.0}, {"round_tokens": 100}])
def test_over_the_rounds_budget_nothing_more_is_asked_in_it(limit: dict[str, float]) -> None:
    """Mends and answers sent back end the round; a new one has its own budget, and measuring costs no model."""
    limits = settings(agent=AgentSettings(**limit))
    state = run(Tally(in_round=Spent(usd=1.0, tokens=100)))
    ends = {Origin.QUICK_FIX: Ending.FAILED, Origin.REPAIR: Ending.WRONG, Origin.SPLIT: Ending.SPLIT_FAILED}
    for origin, ending in ends.items():
        step = within_budget(amend(origin), state, limits)
        assert isinstance(step, Drop)
        assert (step.ending, step.why) == (ending, "the round's budget is spent: 1.00 USD, 100 tokens")
    runnable = replace(state, stage=Runnable(Hypothesis(sentence="s"), CANDIDATE, Tries(), "more spills"))
    assert within_budget(amend(Origin.LOOK_AGAIN), runnable, limits) == Bench("c", "candidate.log")
    back = within_budget(Propose("repeat: again"), replace(state, stage=BARRED), limits)
    assert isinstance(back, Drop)
    assert (back.ending, back.why.endswith("; repeat: again")) == (Ending.GAVE_NOTHING, True)
    for step in (OpenRound(2), Bench("c", "x.log")):
        assert within_budget(step, state, limits) is step
    first = Propose()
    assert within_budget(first, replace(state, stage=Opened()), limits) is first
    assert within_budget(amend(), run(Tally(in_round=Spent(usd=0.9, tokens=99))), limits) == amend()


@pytest.mark.parametrize("limit", [{"day_usd": 1.0}, {"day_tokens": 100}])
def test_over_the_days_budget_it_waits_for_the_next(limit: dict[str, float]) -> None:
    """Until midnight UTC; yesterday's costs do not count."""
    limits = settings(agent=AgentSettings(**limit))
    today = run(Tally(day=Spent(number=20_000, usd=1.0, tokens=100)))
    for step in (OpenRound(2), Propose(), amend()):
        wait = within_budget(step, today, limits)
        assert wait == Wait(20_001 * DAY_S, "the day's budget is spent: 1.00 USD, 100 tokens")
    yesterday = run(Tally(day=Spent(number=19_999, usd=1.0, tokens=100)))
    assert within_budget(OpenRound(2), yesterday, limits) == OpenRound(2)


def test_a_call_is_told_the_least_that_is_left() -> None:
    """Of round, day and run; never less than a cent, and nothing where nothing is set."""
    assert left_usd(run(Tally()), settings()) is None
    limits = settings(agent=AgentSettings(round_usd=2.0, day_usd=3.0), stop=StopSettings(max_cost_usd=10.0))
    tally = Tally(cost_usd=4.0, day=Spent(number=20_000, usd=2.5), in_round=Spent(usd=0.5))
    assert left_usd(run(tally), limits) == 0.5
    assert left_usd(run(replace(tally, day=Spent(number=19_999, usd=2.5))), limits) == 1.5
    assert left_usd(run(replace(tally, cost_usd=10.0)), limits) == 0.01


def test_how_long_an_agent_is_waited_for() -> None:
    """Doubled each time up to the longest, by the settings of the agent; longer when it asks for that."""
    limits = settings(agent=AgentSettings(first_wait_s=2.0, longest_wait_s=5.0))
    waits = [hold_length_s(Hold("proposer", 0.0, count, "limit"), limits) for count in (1, 2, 3, 4)]
    assert waits == [2.0, 4.0, 5.0, 5.0]
    assert hold_length_s(Hold("proposer", 0.0, 1, "limit", 90.0), limits) == 90.0

"""Walks every state that a run can get into, with settings so small that there are few enough of them."""

from collections.abc import Callable, Hashable

from msgspec.structs import replace

from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.settings import AgentSettings, GateSettings, RoundSettings, Settings, StopSettings
from kernel_opt.model.state import RunState, Tally
from kernel_opt.model.steps import Step
from kernel_opt.rules.protocol import is_trace_stale, next_step
from tests.fakes import fold, permitted, settings

SMALL = settings(
    gate=GateSettings(looks=2),
    agent=AgentSettings(patience=2),
    integrity=IntegritySettings(large_total=1.05),  # what a fake gains is a large gain
    round=RoundSettings(repairs=1, quick_fixes=1, send_backs=1, faults=1, headline_every=1),
    stop=StopSettings(regressions_in_a_row=2, fault_rounds=2, empty_rounds=2, max_rounds=2),
)

Edge = tuple[RunState, Step, Fact, RunState]


def key_of(state: RunState) -> Hashable:
    """What decides about the future: everything but time, money, and what was only noted."""
    tally = Tally(
        rounds_since_start=state.tally.rounds_since_start,
        regressions_in_a_row=state.tally.regressions_in_a_row,
        fault_rounds=state.tally.fault_rounds,
        empty_rounds=state.tally.empty_rounds,
        keeps=min(1, state.tally.keeps - state.tally.headline_keeps),
    )
    hold = state.hold and (state.hold.cause, state.hold.count)
    counted = (state.faults_here, state.disturbances_here, state.looks, state.proposer_away, bool(state.proposer_lost))
    asked = (bool(state.stop_asked), bool(state.blocked), state.paused)
    traced = (is_trace_stale(state), bool(state.traced_card))
    known = (bool(state.best), traced, len(state.bests), state.code == state.base)
    stop = state.stop and (state.stop.sealed is None, state.stop.is_done, state.stop.goes_on)
    return (repr(_plain(state)), tally, hold, counted, asked, known, stop)


def _plain(state: RunState) -> tuple[object, ...]:
    """The stage without the numbers that no rule looks at, and without the commits' names."""
    stage = state.stage
    shown = ("tries", "origin", "kind", "trivial", "cheat", "why", "passes", "is_proved", "doubt")
    verdict = getattr(stage, "verdict", None)
    candidate = getattr(stage, "candidate", None)
    return (
        type(stage).__name__,
        *(getattr(stage, name, None) for name in shown),
        verdict and verdict.outcome,
        candidate and candidate.origin,
    )


def explore(start: RunState, visit: Callable[[Edge], None], limits: Settings = SMALL) -> dict[Hashable, list[Hashable]]:
    """Visit every answer to every step of every state; return which state leads to which."""
    graph: dict[Hashable, list[Hashable]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        here = key_of(state)
        if here in graph:
            continue
        step = next_step(state, limits)
        follow = graph[here] = []
        for fact in permitted(step, state):
            after = replace(
                fold(fact, state=state), lookbacks=(), trial_blocks=(), recent_regressions=(), measurements=()
            )
            visit((state, step, fact, after))
            follow.append(key_of(after))
            waiting.append(after)
    return graph


def longest_path(graph: dict[Hashable, list[Hashable]], start: Hashable) -> int:
    """Count the edges of the longest way from here; a way that leads back to itself is an error."""
    lengths: dict[Hashable, int] = {}
    open_now: set[Hashable] = set()
    stack = [(start, iter(graph[start]))]
    open_now.add(start)
    while stack:
        node, follow = stack[-1]
        nearer = next((one for one in follow if one not in lengths), None)
        if nearer is None:
            lengths[node] = max((1 + lengths[one] for one in graph[node]), default=0)
            open_now.discard(node)
            stack.pop()
            continue
        if nearer in open_now:
            raise AssertionError(f"a run can go round in circles at {nearer}")
        open_now.add(nearer)
        stack.append((nearer, iter(graph[nearer])))
    return lengths[start]

"""Several rounds at once: which steps may start now, given the ones that are going on."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from kernel_opt.model import steps as s
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Drafted, KeepSealed, Opened, Ready
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Step
from kernel_opt.rules.deeper import is_deeper_due
from kernel_opt.rules.lanes import TRUNK, focus, open_rounds
from kernel_opt.rules.protocol import TRACE_AGE_S, next_step

LANES_PER_WAITING = 2
"""For so many lanes one candidate may wait for a card: played through, cards idle with fewer, and more gain nothing."""
ON_CARD = (s.Bench, s.Measure, s.Profile, s.Recheck)
"""Steps that take a card."""
ALONE = (s.OpenRound, s.Rebase, s.Seal, s.Publish, s.Drop, s.PlanStop, s.Finish, s.Rest)
"""Steps that touch what all rounds share, or that are short: one after the other, in the order of their facts."""
SEARCHES = frozenset({"knobs", "playbook"})
"""Proposers that are a part of kernel-opt."""

Due = tuple[int, Step]
"""A round, or the trunk, and what is to be done for it."""


def lanes_of(limits: Settings) -> int:
    """Return how many rounds may be measured at the same time; "auto" is told in numbers when a daemon begins."""
    return limits.lanes if isinstance(limits.lanes, int) else 1


def next_steps(state: RunState, limits: Settings, busy: Mapping[int, Step]) -> tuple[Due, ...]:
    """Return what may start now besides what is ``busy``: any of it, at the same time.

    Never empty while nothing is busy. A wait is only told, and takes nobody's time.
    """
    trunk = focus(state, TRUNK)
    due = {number: round_step(focus(state, number), limits) for number in open_rounds(state) if number not in busy}
    if (ending := _find_end(trunk, due, limits, busy)) is not None:
        return ending
    starting: list[Due] = []
    for number, step in due.items():
        if _may_start(number, step, state, [*busy.values(), *(one for _, one in starting)], limits):
            starting.append((number, step))
    begun = {number for number, _ in starting}
    waiting = sum(isinstance(step, ON_CARD) and number not in begun for number, step in due.items())
    if TRUNK not in busy:
        starting.extend(_on_trunk(trunk, limits, len(open_rounds(state)), waiting))
    return _one_alone(starting, busy)


def most_open(limits: Settings) -> int:
    """Return how many rounds may be open: each lane may draft one while its card measures another."""
    return 2 * lanes_of(limits)


def is_alone(number: int, step: Step) -> bool:
    """Say whether no other such step may go on meanwhile; what is done between rounds always is one."""
    return isinstance(step, ALONE) or (number == TRUNK and not isinstance(step, s.Wait))


def _one_alone(starting: Sequence[Due], busy: Mapping[int, Step]) -> tuple[Due, ...]:
    """Leave out all but the first of the steps that are done one after the other."""
    alone = [one for one in starting if is_alone(*one)]
    left_out = alone if any(is_alone(*one) for one in busy.items()) else alone[1:]
    return tuple(one for one in starting if one not in left_out)


def round_step(state: RunState, limits: Settings) -> Step:
    """Return the next step of the round in view; it is put on the newer best first, where there is one."""
    step = _without_proposer(state, limits) if state.proposer_lost else next_step(state, limits)
    if isinstance(step, s.Wait | s.Rest | s.PlanStop | s.Drop | s.Judge | s.Seal | s.Publish | s.Close | s.Finish):
        return step if not isinstance(step, s.Seal) or state.moved_on is None else _rebase(state)
    if state.moved_on is not None:
        return _rebase(state)
    is_first = isinstance(step, s.Propose) and isinstance(state.stage, Opened)
    wants = _is_untraced(state) or is_deeper_due(state, limits)
    if is_first and wants and state.faults_here < limits.round.faults:
        return s.Profile(state.code)
    return step


def _without_proposer(state: RunState, limits: Settings) -> Step:
    """Return the next step of a round whose proposer will not come back: it goes on as far as it needs none."""
    step = next_step(replace(state, proposer_lost=""), limits)
    needs_one = isinstance(step, s.Propose | s.Amend | s.Explain)
    return s.Drop(Ending.GAVE_NOTHING, state.proposer_lost) if needs_one else step


def _rebase(state: RunState) -> s.Rebase:
    onto = state.branch_best.code if state.branch_best else state.base
    stage = state.stage
    if isinstance(stage, Drafted):
        return s.Rebase(onto, stage.edit.tree)
    candidate = getattr(stage, "candidate", None)
    return s.Rebase(onto, candidate.commit if candidate else "")


def _is_untraced(state: RunState) -> bool:
    """Say whether best's trace is of another best or of another day; rounds are traced on whatever card is free."""
    return state.traced_code != state.code or state.last_s - state.traced_s > TRACE_AGE_S


def _find_end(
    trunk: RunState, due: Mapping[int, Step], limits: Settings, busy: Mapping[int, Step]
) -> tuple[Due, ...] | None:
    """Return what is done when the run rests or ends: no step begins any more, and what goes on is waited for."""
    on_trunk = next_step(trunk, limits)
    if trunk.stop is not None:
        return () if busy else ((TRUNK, on_trunk),)
    published = tuple((number, step) for number, step in due.items() if isinstance(step, s.Publish))
    if published:  # a proved gain goes before everything, also before a stop
        return _one_alone(published, busy)
    if (plan := _find_plan(trunk, due, limits, busy)) is not None:
        return () if busy else ((TRUNK, plan),)
    if trunk.paused:
        return () if busy else ((TRUNK, s.Rest()),)
    return None


def _find_plan(
    trunk: RunState, due: Mapping[int, Step], limits: Settings, busy: Mapping[int, Step]
) -> s.PlanStop | None:
    """Return why the run must end, also with rounds open; a bound that is reached only keeps new ones from opening."""
    measuring = any(isinstance(step, ON_CARD) for step in busy.values())
    for step in due.values():
        # No card for an hour means that nobody of us had one either.
        if isinstance(step, s.PlanStop) and not (measuring and step.code == "no-idle-gpu"):
            return step
    step = next_step(trunk, limits)
    return step if isinstance(step, s.PlanStop) and not due and not busy else None


def _is_search(limits: Settings) -> bool:
    """Say whether proposals come from a search, at once: two that do not know of each other would be the same."""
    return {name.strip() for name in limits.agent.name.split(",")} <= SEARCHES


def _may_start(number: int, step: Step, state: RunState, going: Sequence[Step], limits: Settings) -> bool:
    """Say whether a step of a round may begin beside those that are going on."""
    if isinstance(step, s.PlanStop):
        return False
    if isinstance(step, s.Seal):
        sealed = [one for one in open_rounds(state) if isinstance(focus(state, one).stage, KeepSealed)]
        return not sealed or sealed == [number]
    if isinstance(step, s.Profile | s.Recheck) and any(isinstance(one, type(step)) for one in going):
        return False  # best is traced once for all; and what is re-checked second is mostly put on the first anyway
    if isinstance(step, s.Propose) and _is_search(limits):
        return not any(isinstance(one, s.Propose) for one in going)
    if isinstance(step, ON_CARD):
        return sum(isinstance(one, ON_CARD) for one in going) < lanes_of(limits)
    return True


def _on_trunk(trunk: RunState, limits: Settings, open_now: int, waiting: int) -> tuple[Due, ...]:
    """Return what the trunk does: open a round where there is room, and alone all that is about best itself."""
    step = next_step(trunk, limits)
    opens = isinstance(step, s.OpenRound) or (isinstance(step, s.Profile) and isinstance(trunk.stage, Ready))
    if opens:
        # Agents think as long as cards measure, so a draft for each lane may be under way, but none is piled up.
        is_piled_up = waiting >= max(1, lanes_of(limits) // LANES_PER_WAITING)
        may_open = open_now < most_open(limits) and (open_now < lanes_of(limits) or not is_piled_up)
        return ((TRUNK, s.OpenRound(trunk.opened + 1)),) if may_open else ()
    if isinstance(step, s.Wait):
        return ((TRUNK, step),)
    return ((TRUNK, step),) if not open_now else ()

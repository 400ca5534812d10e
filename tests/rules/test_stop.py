"""When a run ends by itself, and what it says."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.settings import Settings, StopSettings
from kernel_opt.model.stages import BaselineSealed, KeepSealed, Ready, Right
from kernel_opt.model.state import Hold, RunState
from kernel_opt.model.steps import PlanStop
from kernel_opt.rules.stop import reason_to_stop
from tests.fakes import at_every_stage, settings

LIMITS = settings()
BOUNDED = settings(
    stop=StopSettings(
        max_rounds=9, max_hours=8.0, max_gpu_hours=2.0, max_cost_usd=5.0, max_tokens=100, fault_rounds=3, empty_rounds=5
    )
)


def at(stage: type, **changed: object) -> RunState:
    return replace(at_every_stage()[stage], **changed)


def tallied(stage: type = Ready, **counts: float) -> RunState:
    return at(stage, tally=replace(at(stage).tally, **counts))


COUNTED = [
    ({"regressions_in_a_row": 5}, "5 regressions in a row", "regressions"),
    ({"fault_rounds": 3}, "3 rounds in a row ended by faults of the machine", "infrastructure"),
    ({"empty_rounds": 5}, "the proposer gave nothing in 5 rounds in a row", "proposer-empty"),
    ({"rounds_since_start": 9}, "9 rounds done, as asked", "max-rounds"),
    ({"active_s": 8 * 3600.0}, "8 hours used, as asked", "max-hours"),
    ({"active_s": 123.4 * 3600.0}, "123 hours used, as asked", "max-hours"),
    ({"gpu_s": 2 * 3600.0}, "2 GPU hours used, as asked", "max-gpu-hours"),
    ({"cost_usd": 5.0}, "5.00 USD spent on the proposer, as allowed", "max-cost"),
    ({"agent_tokens": 100}, "100 tokens spent on the proposer, as allowed", "max-cost"),
]


@pytest.mark.parametrize(("counts", "reason", "code"), COUNTED)
def test_a_bound_that_is_reached_ends_the_run_between_rounds(counts: dict[str, float], reason: str, code: str) -> None:
    """At the bound, not one below it, and never in the middle of a round."""
    assert reason_to_stop(tallied(**counts), BOUNDED) == PlanStop(reason, code)
    assert reason_to_stop(tallied(Right, **counts), BOUNDED) is None
    below = {name: value - 1 for name, value in counts.items()}
    if "hours" not in reason or not reason.startswith("123"):
        assert reason_to_stop(tallied(**below), BOUNDED) is None


def test_a_bound_of_zero_is_none() -> None:
    """Such a run goes on until somebody stops it."""
    free = settings(stop=StopSettings(regressions_in_a_row=0, fault_rounds=0, empty_rounds=0))
    endless = tallied(
        regressions_in_a_row=10**6, fault_rounds=99, empty_rounds=99, rounds_since_start=10**6,
        active_s=1e9, gpu_s=1e9, cost_usd=1e6,
    )  # fmt: skip
    assert reason_to_stop(endless, free) is None


def test_what_was_asked_on_the_command_line_goes_before_the_settings() -> None:
    """For rounds and hours of this start."""
    state = replace(tallied(rounds_since_start=3, active_s=3600.0), max_rounds=3)
    assert reason_to_stop(state, BOUNDED) == PlanStop("3 rounds done, as asked", "max-rounds")
    assert reason_to_stop(replace(state, max_rounds=0, max_hours=0.5), BOUNDED) == PlanStop(
        "1 hours used, as asked", "max-hours"
    )


ANY_MOMENT = [
    ({"stop_asked": "a person"}, "stopped by a person", "asked"),
    ({"blocked": "the branch was moved"}, "the branch was moved", "foreign-change"),
    ({"blocked": "elsewhere", "hold": Hold("wrong-card", 0.0, 1, "elsewhere")}, "elsewhere", "wrong-card"),
    ({"looks": 7}, "no idle GPU available for 60 minutes", "no-idle-gpu"),
    ({"proposer_lost": "no such key"}, "no more proposals: no such key", "proposer"),
    ({"proposer_away": 12}, "the proposer was away 12 times in a row: no answer", "proposer"),
    (
        {"proposer_away": 12, "hold": Hold("proposer", 0.0, 12, "over its limit")},
        "the proposer was away 12 times in a row: over its limit",
        "proposer",
    ),
    ({"faults_here": 6, "fault_why": "x"}, "the machine failed 6 times in a row: x", "infrastructure"),
    (
        {"faults_here": 6, "fault_why": "no room", "hold": Hold("disk-full", 0.0, 6, "no room")},
        "the machine failed 6 times in a row: no room",
        "disk-full",
    ),
    (
        {"faults_here": 6, "fault_why": "no room", "hold": Hold("system", 0.0, 6, "no room")},
        "the machine failed 6 times in a row: no room",
        "infrastructure",
    ),
]


@pytest.mark.parametrize("stage", [Ready, Right])
@pytest.mark.parametrize(("changed", "reason", "code"), ANY_MOMENT, ids=range(len(ANY_MOMENT)))
def test_some_reasons_hold_at_any_moment(stage: type, changed: dict[str, object], reason: str, code: str) -> None:
    """Between rounds and within one."""
    assert reason_to_stop(at(stage, **changed), LIMITS) == PlanStop(reason, code)


@pytest.mark.parametrize("changed", [{"looks": 6}, {"proposer_away": 11}, {"faults_here": 5}])
def test_below_its_bound_nothing_ends_a_run(changed: dict[str, object]) -> None:
    """The last try is always made."""
    assert reason_to_stop(at(Right, **changed), LIMITS) is None


@pytest.mark.parametrize("stage", [BaselineSealed, KeepSealed])
def test_a_sealed_commit_is_published_before_a_stop_that_was_asked(stage: type) -> None:
    """One git call away; but not when that faults, nor while the run is paused."""
    asked = at(stage, stop_asked="a person")
    assert reason_to_stop(asked, LIMITS) is None
    for changed in ({"faults_here": 1}, {"paused": True}):
        assert reason_to_stop(replace(asked, **changed), LIMITS) == PlanStop("stopped by a person", "asked")


def test_a_run_in_order_has_no_reason_to_stop() -> None:
    """From every stage but the unsound one, which the protocol itself ends."""
    limits: Settings = LIMITS
    assert {reason_to_stop(state, limits) for state in at_every_stage().values()} == {None}

"""Counters that a proposer asks for: once for each wish, and no oftener than the settings have it."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.deeper import Deeper
from kernel_opt.model.facts import Traced
from kernel_opt.model.settings import RoundSettings
from kernel_opt.model.stages import Opened, Ready
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import OpenRound, Profile, Propose
from kernel_opt.rules.lane_steps import round_step
from kernel_opt.rules.protocol import next_step
from tests.fakes import at_every_stage, fold, hypothesis, proposed, settings, trace

EVERY = settings(round=RoundSettings(deeper_every=5))


def ready(**wish: object) -> RunState:
    """Between rounds, with best traced and nothing else to do."""
    return replace(at_every_stage()[Ready], opened=7, deeper=Deeper(**wish))  # type: ignore[arg-type]


def test_a_wish_is_kept_until_the_next_trace() -> None:
    """Also when the claim that had it comes to nothing; a later claim without one takes nothing back."""
    wishing = replace(proposed(), hypothesis=replace(hypothesis(), deeper=True))
    state = fold(wishing, state=at_every_stage()[Opened])
    assert state.deeper.asked == state.round
    later = fold(proposed(), state=replace(at_every_stage()[Opened], deeper=state.deeper))
    assert later.deeper == state.deeper


def test_a_trace_ends_the_wish_and_says_what_came_of_it() -> None:
    """Until the next trace, whose best may be another: then it is told no more."""
    had = Traced(commit="base", trace=trace(), folder="t", asked="Counters were asked for in round 3; they came.")
    state = fold(had, state=ready(asked=3))
    assert state.deeper == Deeper(taken=7, came=had.asked)
    again = fold(replace(had, asked=""), state=replace(state, opened=9))
    assert again.deeper == Deeper(taken=7)


@pytest.mark.parametrize(
    ("wish", "every", "is_traced"),
    [
        ({}, 5, False),
        ({"asked": 6}, 5, True),
        ({"asked": 6}, 0, False),
        ({"asked": 6, "taken": 3}, 5, False),
        ({"asked": 6, "taken": 2}, 5, True),
    ],
)
def test_best_is_traced_for_a_wish_alone(wish: dict[str, int], every: int, is_traced: bool) -> None:
    """Once in so many rounds, where the settings want that at all; rounds side by side do it as they open."""
    limits = settings(round=RoundSettings(deeper_every=every))
    state = ready(**wish)
    assert next_step(state, limits) == (Profile(state.code) if is_traced else OpenRound(state.round + 1))
    opened = replace(at_every_stage()[Opened], opened=7, deeper=state.deeper)
    assert isinstance(round_step(opened, limits), Profile if is_traced else Propose)


def test_a_wish_that_cannot_be_fulfilled_is_not_tried_for_ever() -> None:
    """A trace that brings nothing ends it all the same."""
    state = fold(Traced(commit="base", trace=None, folder="t", asked="not to be had"), state=ready(asked=6))
    assert isinstance(next_step(state, EVERY), OpenRound)

"""Where the next hypothesis comes from: on from best while that pays, then further away, and always told why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.explore_settings import ExploreSettings
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState, Trial
from kernel_opt.rules.memory.explore import (
    LADDER,
    MOST_NEAR,
    NO_TRY,
    best_gain_pct,
    choose_ask,
    find_near_misses,
    tries_since_keep,
)
from tests.fakes import KEYS, config_class, settings

CLASSES = (config_class(KEYS[0], share_pct=20.0), config_class(KEYS[1], share_pct=80.0))
TIE = Trial("wider loads", Ending.TIE, bottlenecks=("h1",), round=1)
NEAR = Trial("less padding", Ending.UNCLEAR, bottlenecks=("h2",), round=2, gain_pct=0.8, uncertainty_pct=0.6)
KEPT = Trial("fused", Ending.KEPT)


def ask(*trials: Trial, patience: int = 1, probe_every: int = 0, classes: tuple = CLASSES) -> Ask:
    state = RunState(classes=classes, trial_blocks=(trials,) if trials else ())
    return choose_ask(state, settings(explore=ExploreSettings(patience=patience, probe_every=probe_every)))


def test_it_goes_on_from_best_until_patience_is_used_up() -> None:
    """A keep starts afresh; without patience nothing else is ever asked for."""
    assert ask() == Ask(aim=Aim.EXPLOIT)
    assert ask(TIE, patience=2) == Ask(aim=Aim.EXPLOIT, dry=1)
    assert ask(TIE, TIE, KEPT) == Ask(aim=Aim.EXPLOIT)
    assert ask(*[TIE] * 99, patience=0).aim is Aim.EXPLOIT


def test_the_ladder() -> None:
    """Another bottleneck, another class, near misses together, something radical, and over again."""
    tries = [TIE, NEAR, replace(NEAR, round=3)]
    assert ask(TIE) == Ask(aim=Aim.OTHER_BOTTLENECK, avoid=("h1",), dry=1)
    assert ask(TIE, NEAR) == Ask(aim=Aim.OTHER_CLASS, avoid=("h1", "h2"), towards=(KEYS[1], KEYS[0]), dry=2)
    assert ask(*tries) == Ask(aim=Aim.COMBINE, combine=(3, 2), dry=3)
    assert ask(*tries, TIE).aim is Aim.RADICAL
    assert ask(*tries, TIE, TIE).aim is Aim.OTHER_BOTTLENECK
    assert len(LADDER) == 4


def test_what_there_is_none_of_is_not_asked_for() -> None:
    """No bottleneck was cited, one class alone, all classes looked at, one near miss: then be radical."""
    blind = replace(TIE, bottlenecks=())
    assert ask(blind) == Ask(aim=Aim.RADICAL, dry=1)
    assert ask(TIE, TIE, classes=CLASSES[:1]).aim is Aim.RADICAL
    assert ask(replace(TIE, targets=KEYS), TIE).aim is Aim.RADICAL
    assert ask(TIE, TIE, NEAR).aim is Aim.RADICAL


@pytest.mark.parametrize("ending", NO_TRY)
def test_a_round_that_told_nothing_is_no_try(ending: Ending) -> None:
    """Faults, refusals and empty hands say nothing about where gains are."""
    assert ask(replace(TIE, ending=ending)) == Ask(aim=Aim.EXPLOIT)


def test_a_probe_now_and_then() -> None:
    """Every so many tries, never twice in a row; with 0 never."""
    assert ask(TIE, NEAR, probe_every=2) == Ask(aim=Aim.PROBE, dry=2)
    assert ask(TIE, replace(NEAR, aim=Aim.PROBE), probe_every=2).aim is Aim.OTHER_CLASS
    assert ask(TIE, probe_every=2).aim is Aim.OTHER_BOTTLENECK


def test_near_misses_left_room_for_a_gain() -> None:
    """Slower, hopelessly small, or lost for another reason is none; the largest first, and not without end."""
    small = replace(NEAR, gain_pct=0.1, uncertainty_pct=0.2)
    slower = replace(NEAR, gain_pct=-0.2, uncertainty_pct=5.0)
    broken = replace(NEAR, ending=Ending.FAILED)
    bare = replace(NEAR, gain_pct=1.5, uncertainty_pct=None, round=9)
    assert find_near_misses((small, slower, broken, NEAR, bare), 1.0) == (bare, NEAR)
    assert len(find_near_misses((NEAR,) * 20, 1.0)) == MOST_NEAR


def test_a_gain_on_one_class_is_a_near_miss_too() -> None:
    """Where the classes did not agree, the best of them counts; elsewhere the target does."""
    split = Trial("x", Ending.SPLIT_FAILED, ratios=((KEYS[0], 0.9), (KEYS[1], 1.2)), gain_pct=-3.0)
    assert best_gain_pct(split) == pytest.approx(10.0)
    assert best_gain_pct(replace(split, ending=Ending.TIE)) == -3.0
    assert best_gain_pct(Trial("x", Ending.FAILED)) == 0.0


@given(st.lists(st.sampled_from(Ending), max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_every_history_has_one_ask(endings: list[Ending], patience: int, probe_every: int) -> None:
    """The same one each time, with as many tries as there were since the last keep."""
    trials = tuple(replace(NEAR, ending=ending, round=number) for number, ending in enumerate(endings, 1))
    first = ask(*trials, patience=patience, probe_every=probe_every)
    assert first == ask(*trials, patience=patience, probe_every=probe_every)
    assert first.dry == len(tries_since_keep(trials))
    assert set(first.combine) <= {trial.round for trial in trials}

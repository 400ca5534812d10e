"""Promises of the strict preset: the protocol's rule to the letter."""

import pytest

from kernel_opt.model.judging import JudgeLimits, Preset, RunArm
from kernel_opt.model.measurement import Metric
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import next_measurement
from tests.judging import A, B, classes_of, measured, timed

LIMITS = JudgeLimits(preset=Preset.PROTOCOL_STRICT)


def ask(*pairs: tuple[list[float], list[float]], limits: JudgeLimits = LIMITS, open_arm: str = "") -> object:
    """Ask after pairs of (candidate, best) times per class; the first class is the target."""
    runs = []
    for candidate, best in pairs:
        for arm, times in ((B, candidate), (A, best)):
            if open_arm != arm.value or (candidate, best) != pairs[-1]:
                runs.append(timed(arm, {f"{number}/0": us for number, us in enumerate(times)}))
    return next_measurement(measured(*runs), Bank(), classes_of(2), ("block_size=0",), limits)


def outcome(*pairs: tuple[list[float], list[float]]) -> Outcome:
    """Return the verdict's outcome."""
    verdict = ask(*pairs)
    assert isinstance(verdict, Verdict)
    return verdict.outcome


def test_one_run_each_decides_beyond_one_percent() -> None:
    """2 % faster in one pair is better, 2 % slower is worse."""
    assert outcome(([98, 100], [100, 100])) is Outcome.BETTER
    assert outcome(([102, 100], [100, 100])) is Outcome.WORSE


def test_below_one_percent_needs_the_same_direction_twice() -> None:
    """Half a percent is noise, unless it shows twice in a row."""
    again = ask(([99.5, 100], [100, 100]))
    assert isinstance(again, RunArm)
    assert again.arm is B
    assert outcome(([99.5, 100], [100, 100]), ([99.6, 100], [100, 100])) is Outcome.BETTER
    assert outcome(([100.5, 100], [100, 100]), ([100.4, 100], [100, 100])) is Outcome.WORSE
    assert outcome(([99.5, 100], [100, 100]), ([100.4, 100], [100, 100])) is Outcome.TIE
    assert outcome(([100, 100], [100, 100]), ([100, 100], [100, 100])) is Outcome.TIE


def test_candidate_and_best_take_turns() -> None:
    """After the candidate comes best, after best the candidate."""
    half = ask(([98, 100], [100, 100]), open_arm="best")
    assert isinstance(half, RunArm)
    assert half.arm is A
    other = ask(([98, 100], [100, 100]), open_arm="candidate")
    assert isinstance(other, RunArm)
    assert other.arm is B


def test_a_class_that_loses_twice_blocks() -> None:
    """A non-target class must lose repeatably before the keep is off."""
    assert isinstance(ask(([95, 105], [100, 100])), RunArm)
    assert outcome(([95, 105], [100, 100]), ([95, 105], [100, 100])) is Outcome.DIVERGING
    assert outcome(([95, 105], [100, 100]), ([95, 100], [100, 100])) is Outcome.BETTER


def test_strict_is_no_way_around_gpu_time() -> None:
    """Script time alone keeps nothing here either."""
    runs = [timed(B, {"0/0": 90.0, "1/0": 100.0}), timed(A, {"0/0": 100.0, "1/0": 100.0})]
    bare = measured(*(run.__class__(arm=run.arm, card=run.card, script_us=run.script_us) for run in runs))
    verdict = next_measurement(bare, Bank(), classes_of(2), ("block_size=0",), LIMITS)
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.UNCLEAR
    assert verdict.metric is Metric.SCRIPT


@pytest.mark.parametrize("least", [0.5, 3.0])
def test_the_least_effect_is_a_setting(least: float) -> None:
    """With 3 % as the least effect, 2 % is looked at twice."""
    limits = JudgeLimits(preset=Preset.PROTOCOL_STRICT, min_effect_pct=least)
    assert isinstance(ask(([98, 100], [100, 100]), limits=limits), Verdict if least < 2 else RunArm)

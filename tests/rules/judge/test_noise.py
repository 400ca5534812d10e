"""Promises of the noise: what each class can show, and what would help."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Measurement, Metric
from kernel_opt.rules.judge.noise import NOISE_RUNS, noise_of
from tests.judging import A, Card, classes_of


def against_itself(card: Card, runs: int = NOISE_RUNS, **more: object) -> Measurement:
    """Return best against itself."""
    timed = tuple(card.run(A, **more) for _ in range(runs))
    return Measurement(best="best", candidate="best", runs=timed)


def test_a_quiet_class_shows_two_percent_and_needs_no_words() -> None:
    """Nothing is said where nothing is wrong."""
    card = Card(classes_of(2), {}, [0.003, 0.003])
    noise = noise_of(against_itself(card), card.classes)
    assert noise.metric is Metric.GPU
    assert noise.sentence == ""
    for one in noise.classes:
        assert one.sentence == ""
        assert one.detectable_pct is not None
        assert one.detectable_pct < 2


def test_a_noisy_class_is_named_with_what_would_help() -> None:
    """A class that cannot show 2 % within the cap says so."""
    card = Card(classes_of(2), {}, [0.003, 0.05])
    noise = noise_of(against_itself(card), card.classes)
    assert noise.sentence == "1 of 2 classes cannot show 2 %"
    assert "more inner repetitions or fixed clocks" in noise.classes[1].sentence


def test_a_short_kernel_needs_more_repetitions() -> None:
    """Below 20 us the launch is part of what is measured."""
    short = tuple(replace(one, us=8.0) for one in classes_of(1))
    noise = noise_of(against_itself(Card(short, {}, [0.05])), short)
    assert "8.0 us are short" in noise.classes[0].sentence


def test_a_moving_clock_is_named() -> None:
    """Two clock states are no statistics problem: fix the clock."""
    card = Card(classes_of(1), {}, [0.05])
    calm, fast = against_itself(card, 6, clock_mhz=1700.0), against_itself(card, 6, clock_mhz=2100.0)
    noise = noise_of(replace(calm, runs=(*calm.runs, *fast.runs)), card.classes)
    assert "1700 and 2100 MHz" in noise.classes[0].sentence


def test_fewer_pairs_show_less() -> None:
    """A quarter of the pairs shows twice the effect at best."""
    card = Card(classes_of(1), {}, [0.005])
    measurement = against_itself(card)
    many, few = (noise_of(measurement, card.classes, JudgeLimits(max_pairs=pairs)) for pairs in (16, 4))
    assert few.classes[0].detectable_pct == pytest.approx(2 * (many.classes[0].detectable_pct or 0))


@pytest.mark.parametrize("runs", [1, 3])
def test_too_few_runs_leave_the_noise_unknown(runs: int) -> None:
    """Unknown is None and said, never zero."""
    card = Card(classes_of(1), {}, [0.005])
    noise = noise_of(against_itself(card, runs), card.classes)
    assert noise.classes[0].sd_pct is None
    assert noise.classes[0].detectable_pct is None
    assert "too few runs" in noise.classes[0].sentence


def test_no_run_at_all_is_said() -> None:
    """Before the baseline nothing is known."""
    assert "not yet measured" in noise_of(Measurement(best="a", candidate="a"), classes_of(1)).sentence

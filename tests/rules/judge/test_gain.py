"""Promises of the keep: pairs decide, the bank may only forbid."""

import math

import pytest

from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Measurement
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.case import Case
from kernel_opt.rules.judge.gain import first_gain, has_gained
from kernel_opt.rules.judge.series import Series
from kernel_opt.rules.judge.times import Times
from tests.judging import A, B, classes_of, flat, measured


def case_of(pairs: int = 4, gain: float = 0.03, max_pairs: int = 16) -> Case:
    """Return a case of one class with so many pairs of the same gain."""
    runs = [flat(arm, 100 * math.exp(-gain) if arm is B else 100) for _ in range(pairs) for arm in (B, A)]
    limits = JudgeLimits(max_pairs=max_pairs)
    return Case(Times(measured(*runs), classes_of(1)), Bank().on_card("card-0"), (), limits)


def series(gain: float, pairs: int, level: float | None = None, error: float = 0.004) -> Series:
    """Return best at ln 0 and the candidate faster by the gain in every pair."""
    return Series((0.0,) * pairs, (-gain,) * pairs, 0.01, level=level, level_error=error)


def test_pairs_alone_can_keep() -> None:
    """Without a bank the pairs carry a keep."""
    assert has_gained(series(0.03, 5), case_of())


def needed_pairs(level: float | None) -> int:
    """Return after how many pairs of a 2 % gain it is kept."""
    return next(pairs for pairs in range(2, 33) if has_gained(series(0.02, pairs, level), case_of(max_pairs=99)))


def test_a_bank_that_agrees_spares_pairs() -> None:
    """With two witnesses fewer pairs are needed."""
    assert needed_pairs(0.0) < needed_pairs(None)


def test_a_bank_that_knows_best_to_be_faster_asks_for_more() -> None:
    """Best is 2 % slower than it has always been, the candidate as fast as best was: that is looked at longer."""
    assert needed_pairs(-0.02) > needed_pairs(0.0)


@pytest.mark.parametrize("level", [0.1, 0.5, 5.0])
def test_a_bank_that_thinks_best_slower_never_keeps(level: float) -> None:
    """However slow the bank believes best to be, pairs without a gain are no keep."""
    assert not has_gained(series(0.0, 8, level), case_of())


def test_a_poor_witness_takes_nothing_off_the_bar() -> None:
    """A level that may be 5 % off is no second witness."""
    for pairs in range(2, 17):
        assert has_gained(series(0.02, pairs, 0.0, error=0.05), case_of()) <= has_gained(series(0.02, pairs), case_of())


def test_one_pair_is_never_a_keep() -> None:
    """A gain must repeat."""
    assert not has_gained(series(0.5, 1), case_of())


def test_the_best_run_of_the_candidate_must_beat_that_of_best() -> None:
    """A candidate whose fastest run is no faster than best's fastest is no gain."""
    mixed = Series((0.0, 0.5, 0.5, 0.5), (0.0, 0.0, 0.0, 0.0), 0.01)
    assert not has_gained(mixed, case_of())


def test_at_the_cap_a_clear_mean_is_enough() -> None:
    """A gain below the evidence's reach but many standard errors above 0 is kept at the cap, not before."""
    steady = Series((0.0,) * 16, (-0.0095, -0.0065) * 8, 0.017)
    assert not has_gained(steady, case_of(max_pairs=32))
    assert has_gained(steady, case_of(max_pairs=16))


@pytest.mark.parametrize("gain", [0.03, 0.05])
def test_a_gain_that_shows_only_now_showed_first_now(gain: float) -> None:
    """A target without any earlier gain counts from its last pair."""
    assert first_gain(case_of(pairs=2, gain=gain)) == 2
    assert first_gain(case_of(pairs=5, gain=0.0)) == 5


def test_the_first_gain_is_found_again() -> None:
    """Where the gain first showed is worked out from the runs, not remembered."""
    case = case_of(pairs=9)
    first = first_gain(case)
    assert 2 <= first < 9
    assert first_gain(case_of(pairs=first)) == first


def test_a_measurement_of_best_against_itself_is_never_a_gain() -> None:
    """The same build twice, the same times: nothing."""
    runs = tuple(flat(A, us) for us in (100, 101, 99, 100))
    bank = Bank().with_measurement(Measurement(best="best", candidate="best", runs=runs), classes_of(1))
    known = bank.on_card("card-0")
    assert not has_gained(Case(Times(measured(*runs), classes_of(1)), known, (), JudgeLimits()).target, case_of())

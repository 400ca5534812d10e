"""Promises of the bank: what it keeps, and what it says of level and noise."""

import math

import msgspec
import pytest
from msgspec.structs import replace

from kernel_opt.model.measurement import Measurement, Metric, RowTime
from kernel_opt.rules.judge.bank import KEPT_RUNS, LEAST_SD, UNKNOWN_SD, Bank
from kernel_opt.rules.judge.times import WHOLE
from tests.judging import A, B, Card, classes_of, flat

GPU = Metric.GPU
KEY = "block_size=0"
ONE = classes_of(1)


def session(*us: float, best: str = "best", card: str = "card-0") -> Measurement:
    """Return best against itself with these times."""
    return Measurement(best=best, candidate=best, runs=tuple(flat(A, value, card=card) for value in us))


def test_an_empty_bank_knows_nothing() -> None:
    """Nothing measured: no level, no noise, and the usual noise where one is needed."""
    known = Bank().on_card("card-0")
    assert known.level("best", GPU, [KEY]) is None
    assert known.raw_sd(GPU, [KEY]) is None
    assert known.class_sds(GPU, [KEY]) == {KEY: UNKNOWN_SD}
    assert known.level_error("best", GPU, [KEY], [KEY], 0.01) > 0


def test_only_the_last_runs_of_a_card_are_kept() -> None:
    """The oldest run falls out, and other cards keep theirs."""
    bank = Bank().with_measurement(session(50, card="card-1"), ONE)
    for _ in range(KEPT_RUNS):
        bank = bank.with_measurement(session(100, 101), ONE)
    assert sum(run.card == "card-0" for run in bank.runs) == KEPT_RUNS
    assert sum(run.card == "card-1" for run in bank.runs) == 1


def test_only_good_runs_of_best_are_folded() -> None:
    """Candidates, disturbed runs and replaced runs are no witness of best."""
    runs = (flat(B, 1), flat(A, 2, disturbed="x"), flat(A, 3), flat(A, 4, redo_of=2))
    bank = Bank().with_measurement(Measurement(best="best", candidate="new", runs=runs), ONE)
    assert [round(math.exp(run.values[f"gpu:{KEY}"])) for run in bank.runs] == [4]


def test_the_level_is_of_one_commit_on_one_card() -> None:
    """A new best and another card start anew; the noise carries over from best to best."""
    bank = Bank().with_measurement(session(*[100, 101] * 6), ONE)
    known = bank.on_card("card-0")
    assert math.exp(known.level("best", GPU, [KEY]) or 0) == pytest.approx(100.5, rel=1e-3)
    assert known.level("newer", GPU, [KEY]) is None
    assert known.raw_sd(GPU, [KEY]) is not None
    assert bank.on_card("card-1").raw_sd(GPU, [KEY]) is None


def test_noise_is_never_taken_across_commits_or_sessions() -> None:
    """A better best is no noise, nor is a shift from one hour to the next."""
    bank = Bank()
    for best, us in (("a", 100.0), ("b", 80.0), ("b", 84.0), ("c", 60.0)):
        bank = bank.with_measurement(session(us, us * 1.001, us, us * 1.001, best=best), ONE)
    assert (bank.on_card("card-0").raw_sd(GPU, [KEY]) or 1) < 0.003


@pytest.mark.parametrize("sd", [0.003, 0.01, 0.03])
def test_the_noise_found_is_the_noise_there_is(sd: float) -> None:
    """From 24 runs the standard deviation of a difference comes out right within a third."""
    card = Card(ONE, {}, [sd], seed=5)
    found = card.bank().on_card("card-0").raw_sd(GPU, [KEY])
    assert found == pytest.approx(sd * math.sqrt(2), rel=0.33)


def test_equal_times_leave_the_least_noise() -> None:
    """A timer that rounds does not make the judge sure of everything."""
    known = Bank().with_measurement(session(*[100] * 8), ONE).on_card("card-0")
    assert known.raw_sd(GPU, [KEY]) == LEAST_SD


def test_a_class_is_drawn_towards_what_all_show() -> None:
    """A quiet class is believed a little less quiet than it looks, a noisy one a little less noisy."""
    classes = classes_of(3)
    known = Card(classes, {}, [0.002, 0.01, 0.05], seed=3).bank().on_card("card-0")
    drawn = known.class_sds(GPU, [one.key for one in classes])
    raw = {one.key: known.raw_sd(GPU, [one.key]) or 0 for one in classes}
    assert drawn["block_size=0"] > raw["block_size=0"]
    assert drawn["block_size=2"] < raw["block_size=2"]


def test_shifts_between_sessions_widen_the_doubt_of_the_level() -> None:
    """A card that comes back 5 % off each time is no anchor."""
    steady, moving = Bank(), Bank()
    for number in range(6):
        steady = steady.with_measurement(session(100, 100.1), ONE)
        moving = moving.with_measurement(session(100 + 5 * (number % 2), 100.1 + 5 * (number % 2)), ONE)
    doubts = [bank.on_card("card-0").level_error("best", GPU, [KEY], [KEY], 0.001) for bank in (steady, moving)]
    assert doubts[1] > 3 * doubts[0]


def test_few_runs_behind_a_level_are_more_doubt() -> None:
    """One run of best is a weaker anchor than twelve."""
    few, many = Bank().with_measurement(session(100), ONE), Bank().with_measurement(session(*[100] * 12), ONE)
    doubts = [bank.on_card("card-0").level_error("best", GPU, [KEY], [KEY], 0.05) for bank in (few, many)]
    assert doubts[0] > doubts[1]


def test_folding_again_gives_the_same_bank() -> None:
    """The bank can be built anew from the journalled measurements, and survives being written."""
    history = [session(100, 101), session(99, 100), session(90, 91, best="newer")]

    def fold() -> Bank:
        bank = Bank()
        for one in history:
            bank = bank.with_measurement(one, ONE)
        return bank

    assert fold() == fold()
    assert msgspec.json.decode(msgspec.json.encode(fold()), type=Bank) == fold()


def test_what_cannot_be_read_is_left_out() -> None:
    """A run without GPU time is banked by script time; an impossible time is not banked."""
    plain = replace(flat(A, 100), gpu_us=None, gpu_whole_us=500.0)
    wrong = replace(plain, script_us=(RowTime(config="0/0", us=0.0),), gpu_whole_us=None)
    bank = Bank().with_measurement(Measurement(best="best", candidate="best", runs=(plain, wrong)), ONE)
    assert set(bank.runs[0].values) == {f"script:{KEY}", f"gpu_whole:{WHOLE}"}
    assert bank.runs[1].values == {}

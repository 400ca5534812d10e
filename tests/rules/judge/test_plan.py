"""Promises of the plan: which runs are measured again, and how often."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from kernel_opt.model.judging import JudgeLimits, Redo
from kernel_opt.model.measurement import Measurement, TimedRun
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.plan import find_redo
from kernel_opt.rules.judge.times import Times
from tests.judging import A, B, classes_of, flat, measured, timed


def redo_of(*runs: TimedRun, bank: Bank | None = None, count: int = 1, **limits: float) -> Redo | None:
    """Ask which of these runs must be measured again."""
    times = Times(measured(*runs), classes_of(count))
    known = (bank or Bank()).on_card(times.card)
    return find_redo(times, known, JudgeLimits(**limits))  # type: ignore[arg-type]


def bank_at(us: float, count: int = 1, jitter: float = 0.001) -> Bank:
    """Return a bank with best at this time, nearly without noise."""
    runs = tuple(flat(A, us * (1 + jitter * (number % 3 - 1)), count) for number in range(12))
    return Bank().with_measurement(Measurement(best="best", candidate="best", runs=runs), classes_of(count))


@dataclass
class Reading:
    """One pair of readings that are unlike."""

    name: str
    usual: float
    odd: float
    word: str


@pytest.mark.parametrize(
    "reading",
    [
        Reading("clock_mhz", 2100, 1700, "clock"),
        Reading("temperature_c", 50, 80, "temperature"),
        Reading("power_cap_w", 750, 600, "power cap"),
    ],
    ids=lambda reading: reading.word,
)
def test_unlike_readings_within_a_pair_are_a_redo(reading: Reading) -> None:
    """Clock, temperature and power cap must be alike in both halves of a pair."""
    usual, odd = {reading.name: reading.usual}, {reading.name: reading.odd}
    found = redo_of(flat(B, 100, **usual), flat(A, 100, **odd))
    assert found is not None
    assert found.index == 1
    assert reading.word in found.why
    assert redo_of(flat(B, 100, **usual), flat(A, 100, **usual)) is None


@pytest.mark.parametrize("name", ["clock_mhz", "temperature_c", "power_cap_w"])
def test_an_unknown_reading_is_no_difference(name: str) -> None:
    """What was not read cannot be unlike."""
    assert redo_of(flat(B, 100, **{name: 100.0}), flat(A, 100)) is None


def test_the_half_with_the_odd_clock_is_redone() -> None:
    """With most runs at one clock, the one that stands out is measured again, be it the earlier half."""
    usual, odd = {"clock_mhz": 2100.0}, {"clock_mhz": 1500.0}
    found = redo_of(flat(B, 100, **odd), flat(B, 100, **usual), flat(A, 100, **usual), flat(A, 100, **usual))
    assert found is not None
    assert found.index == 0


def test_equally_odd_clocks_redo_the_later_half() -> None:
    """When nothing tells which half is odd, the later one is measured again."""
    found = redo_of(flat(B, 100, clock_mhz=2100.0), flat(A, 100, clock_mhz=1500.0))
    assert found is not None
    assert found.index == 1


def test_a_run_slow_in_most_classes_is_redone() -> None:
    """A run behind its like in most classes at once had company on the card."""
    slow = timed(B, {"0/0": 110, "1/0": 110, "2/0": 100})
    usual = timed(B, {"0/0": 100, "1/0": 100, "2/0": 100})
    found = redo_of(slow, usual, bank=bank_at(100, 3), count=3)
    assert found is not None
    assert found.index == 0
    assert "slower than the best run of the same build" in found.why


def test_one_slow_class_is_no_redo() -> None:
    """One class alone may simply be noisy; its pairs tell."""
    slow = timed(B, {"0/0": 120, "1/0": 100, "2/0": 100})
    assert redo_of(slow, timed(B, {"0/0": 100, "1/0": 100, "2/0": 100}), bank=bank_at(100, 3), count=3) is None


def test_noisy_classes_are_not_measured_again_for_their_noise() -> None:
    """Where 4 % between runs is usual, 4 % is no reason for a redo."""
    assert redo_of(flat(B, 104), flat(B, 100), bank=bank_at(100, jitter=0.03)) is None
    assert redo_of(flat(B, 104), flat(B, 100), bank=bank_at(100)) is not None


def test_the_first_run_of_best_is_held_against_the_bank() -> None:
    """Best suddenly 10 % slower than ever means that something is on the card."""
    found = redo_of(flat(B, 100), flat(B, 100), flat(A, 110), bank=bank_at(100))
    assert found is not None
    assert found.index == 2
    assert "on this card" in found.why
    assert redo_of(flat(B, 100), flat(B, 100), flat(A, 110)) is None


def test_a_run_is_redone_only_so_often() -> None:
    """After two more tries the run stands as it is."""
    first = flat(B, 100, clock_mhz=2100.0)
    odd = flat(A, 100, clock_mhz=1500.0)
    runs = [first, odd]
    for _ in range(2):
        found = redo_of(*runs)
        assert found is not None
        runs.append(replace(odd, redo_of=found.index))
    assert redo_of(*runs) is None
    assert redo_of(first, odd, max_redos=0) is None


def test_a_redo_that_is_fine_ends_the_doubt() -> None:
    """The new run takes the place of the old one, which counts no more."""
    runs = [flat(B, 100, disturbed="a neighbour"), flat(B, 100, redo_of=0), flat(A, 100)]
    assert redo_of(*runs) is None


def test_unreadable_runs_are_not_called_slow() -> None:
    """A run without a usable time has no lag; that it is unreadable is said elsewhere."""
    assert redo_of(flat(B, float("nan")), flat(B, 100), bank=bank_at(100)) is None


def test_clocks_that_moved_over_the_same_range_are_alike() -> None:
    """Two middles of the same restless clock differ by chance."""
    left = flat(B, 100, clock_mhz=2100.0, clock_range_mhz=(1800.0, 2150.0))
    right = flat(A, 100, clock_mhz=1900.0, clock_range_mhz=(1850.0, 2000.0))
    assert redo_of(left, right) is None
    assert redo_of(left, replace(right, clock_range_mhz=(1500.0, 1790.0))) is not None
    assert redo_of(left, replace(right, clock_range_mhz=None)) is not None


def test_throttling_in_one_half_counts_where_clocks_are_unknown() -> None:
    """A card that held itself back for one build only is no fair pair; known clocks tell more."""
    found = redo_of(flat(B, 100, throttled=False), flat(A, 100, throttled=True))
    assert found is not None
    assert "throttled in one half" in found.why
    assert redo_of(flat(B, 100, throttled=True), flat(A, 100, throttled=True)) is None
    assert redo_of(flat(B, 100), flat(A, 100, throttled=True)) is None
    clock = {"clock_mhz": 2100.0}
    assert redo_of(flat(B, 100, throttled=False, **clock), flat(A, 100, throttled=True, **clock)) is None


def test_a_clock_that_a_build_has_by_its_own_doing_is_doubted_in_one_pair_only() -> None:
    """A hungrier kernel runs at a lower clock: what all redos of one pair showed costs no redo in the next."""
    best, hungry = flat(A, 100, clock_mhz=2100.0), flat(B, 100, clock_mhz=1900.0)
    runs = [best, hungry]
    for again, place in ((hungry, 1), (best, 0)):
        found = redo_of(*runs)
        assert found is not None
        assert found.index == place
        runs.append(replace(again, redo_of=place))
    assert redo_of(*runs) is None
    assert redo_of(*runs, best, hungry) is None
    found = redo_of(*runs, best, replace(hungry, clock_mhz=1500.0))
    assert found is not None
    assert found.index == 5
    found = redo_of(*runs, replace(best, power_cap_w=750.0), replace(hungry, power_cap_w=600.0))
    assert found is not None
    assert "power cap" in found.why


def test_a_redo_shows_which_clock_is_usual() -> None:
    """When the later half shows its clock again, it is the earlier one that was odd."""
    odd, usual = flat(B, 100, clock_mhz=1500.0), flat(A, 100, clock_mhz=2100.0)
    found = redo_of(odd, usual, replace(usual, redo_of=1))
    assert found is not None
    assert found.index == 0


def test_the_half_that_was_throttled_is_the_odd_one() -> None:
    """Of two clocks that are equally unlike, the one of the card that held itself back is not believed."""
    odd, usual = {"clock_mhz": 1500.0, "throttled": True}, {"clock_mhz": 2100.0, "throttled": False}
    found = redo_of(flat(B, 100, **odd), flat(A, 100, **usual))
    assert found is not None
    assert found.index == 0

"""The bank that steers a measurement is the bank that weighs it."""

from msgspec.structs import replace

from kernel_opt.model.facts import Purpose
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.state import RunState
from kernel_opt.round.steer import bank_of
from kernel_opt.rules.move import BANK_MEASUREMENTS, banked
from tests.fakes import KEYS, config_class, measured


def _measurement(number: int) -> Measurement:
    rows = tuple(RowTime(config=str(place), us=100.0 + number) for place in range(len(KEYS)))
    return Measurement(best="best", candidate=f"c{number}", runs=(TimedRun(arm=Arm.BEST, card="0", script_us=rows),))


def test_the_bank_is_the_same_before_and_after_a_measurement_is_remembered() -> None:
    """However many measurements a run has seen, weighing one looks at what steered it: else the judge asks for more."""
    classes = tuple(config_class(key, (str(place),)) for place, key in enumerate(KEYS))
    state = RunState(classes=classes)
    for number in range(2 * BANK_MEASUREMENTS):
        fresh = _measurement(number)
        steering = bank_of(state)
        state = banked(state, replace(measured(Purpose.ROUND), measurement=fresh))
        assert bank_of(state, besides=state.measurements[-1]) == steering

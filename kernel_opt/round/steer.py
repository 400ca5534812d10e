"""Who says what to run next in a measurement, and what the judge is told of earlier ones."""

from collections.abc import Callable

from msgspec.structs import replace

from kernel_opt.model.facts import Purpose
from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Measure
from kernel_opt.model.verdict import Verdict
from kernel_opt.round.tools import Tools
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import next_measurement
from kernel_opt.rules.judge.headline import remeasure_headline
from kernel_opt.rules.move import BANK_MEASUREMENTS

NextRun = Callable[[Measurement], RunArm | Redo | None]


def judge_limits(tools: Tools) -> JudgeLimits:
    """Return the judge's limits; without a tracer script time is all there is."""
    limits = tools.settings.judge
    return limits if tools.platform.tracer is not None else replace(limits, gpu_time=False)


def bank_of(state: RunState, besides: Measurement | None = None) -> Bank:
    """Return how best ran before: the same while a measurement is steered and when it is weighed (``besides``)."""
    known = state.measurements if state.bank is None else state.bank
    before = [measurement for measurement in known if measurement is not besides]
    bank = Bank()
    for measurement in before[-BANK_MEASUREMENTS:]:
        bank = bank.with_measurement(measurement, state.classes)
    return bank


def next_run(step: Measure, state: RunState, limits: JudgeLimits, noise_runs: int) -> NextRun:
    """Return who says what to run next."""
    if step.purpose is Purpose.NOISE:
        return lambda measurement: _next_noise(measurement, noise_runs)
    if step.purpose is Purpose.HEADLINE:
        return lambda measurement: _unless_verdict(remeasure_headline(measurement, state.classes, limits))
    bank = bank_of(state)

    def weigh(measurement: Measurement) -> RunArm | Redo | None:
        if step.is_confirmation and not measurement.runs:
            return RunArm(arm=Arm.BEST, reason="once more, and best first")
        return _unless_verdict(next_measurement(measurement, bank, state.classes, step.targets, limits))

    return weigh


def _next_noise(measurement: Measurement, wanted: int) -> RunArm | None:
    """Ask for best again and again; a disturbed run is simply one more to do."""
    good = sum(1 for run in measurement.runs if run.disturbed is None)
    # Twice the runs is the bound: a machine disturbed that often has shown its noise by that.
    if good >= wanted or len(measurement.runs) >= 2 * wanted:
        return None
    return RunArm(arm=Arm.BEST, reason=f"best against itself, run {good + 1} of {wanted}")


def _unless_verdict(answer: RunArm | Redo | Verdict) -> RunArm | Redo | None:
    return None if isinstance(answer, Verdict) else answer

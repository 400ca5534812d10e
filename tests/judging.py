"""A small make-believe card for tests of the judge: noise from a seed, and a loop that does what the judge asks."""

import math
import random
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits, Redo
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.verdict import Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import Next, next_measurement

A, B = Arm.BEST, Arm.CANDIDATE


def classes_of(count: int, rows: int = 1) -> tuple[ConfigClass, ...]:
    """Return so many classes of so many rows each."""
    return tuple(
        ConfigClass(
            key=f"block_size={number}",
            columns={"block_size": str(number)},
            configs=tuple(f"{number}/{row}" for row in range(rows)),
            us=100.0,
            share_pct=100 / count,
        )
        for number in range(count)
    )


def timed(arm: Arm, us: Mapping[str, float], **more: object) -> TimedRun:
    """Return a run with these times by script and by GPU."""
    rows = tuple(RowTime(config=config, us=value) for config, value in us.items())
    return replace(TimedRun(arm=arm, card="card-0", script_us=rows, gpu_us=rows), **more)


def flat(arm: Arm, us: float, count: int = 1, **more: object) -> TimedRun:
    """Return a run in which every one-row class takes the same time."""
    return timed(arm, {f"{number}/0": us for number in range(count)}, **more)


class Card:
    """Gives runs: 100 us with Gaussian noise, less the candidate's gain per class."""

    def __init__(
        self, classes: Sequence[ConfigClass], gains: Mapping[int, float], sds: Sequence[float], seed: int = 1
    ) -> None:
        self.classes, self.gains, self.sds = classes, gains, sds
        self._random = random.Random(seed)

    def run(self, arm: Arm, **more: object) -> TimedRun:
        """Run one build once."""
        us: dict[str, float] = {}
        for number, one in enumerate(self.classes):
            gain = self.gains.get(number, 0.0) if arm is B else 0.0
            for config in one.configs:
                us[config] = 100 * math.exp(self._random.gauss(0, self.sds[number]) - gain)
        return timed(arm, us, **more)

    def bank(self, runs: int = 24) -> Bank:
        """Return a bank of so many runs of best."""
        timed_runs = tuple(self.run(A) for _ in range(runs))
        return Bank().with_measurement(Measurement(best="best", candidate="best", runs=timed_runs), self.classes)


def play(
    card: Card, targets: Sequence[str] = (), limits: JudgeLimits | None = None, bank: Bank | None = None
) -> tuple[Verdict, Measurement]:
    """Do what the judge asks until it answers."""
    known = card.bank() if bank is None else bank
    measurement = Measurement(best="best", candidate="candidate")
    for _ in range(500):
        answer = next_measurement(measurement, known, card.classes, targets, limits)
        if isinstance(answer, Verdict):
            return answer, measurement
        measurement = obey(card, measurement, answer)
    raise AssertionError("the judge never came to a verdict")


def obey(card: Card, measurement: Measurement, answer: Next) -> Measurement:
    """Add the run that was asked for."""
    if isinstance(answer, Redo):
        run = card.run(measurement.runs[answer.index].arm, redo_of=answer.index)
    else:
        assert not isinstance(answer, Verdict)
        run = card.run(answer.arm)
    return replace(measurement, runs=(*measurement.runs, run))


def measured(*runs: TimedRun) -> Measurement:
    """Return a measurement of these runs."""
    return Measurement(best="best", candidate="candidate", runs=runs)


def swapped(measurement: Measurement) -> Measurement:
    """Return the same runs with best and candidate exchanged."""
    return replace(measurement, runs=tuple(replace(run, arm=B if run.arm is A else A) for run in measurement.runs))


def rescaled(measurement: Measurement, factor: float) -> Measurement:
    """Return the same runs in another unit of time."""

    def scale(rows: tuple[RowTime, ...] | None) -> tuple[RowTime, ...] | None:
        return None if rows is None else tuple(replace(row, us=row.us * factor) for row in rows)

    runs = tuple(replace(run, script_us=scale(run.script_us), gpu_us=scale(run.gpu_us)) for run in measurement.runs)
    return replace(measurement, runs=runs)

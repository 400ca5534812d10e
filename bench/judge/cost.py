"""What one judgement costs in CPU time."""

import time

import numpy as np

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import next_measurement

CLASSES = 64
PAIRS = 16
BANK_RUNS = 24
TRIES = 15
_NOISE = 0.01


def cpu_ms_of_judgement() -> float:
    """Return the median cost of the dearest answer: a verdict on a gain after the last pair."""
    rng = np.random.default_rng(64)
    keys = [f"class={number}" for number in range(CLASSES)]
    classes = tuple(
        ConfigClass(key=key, columns={"class": key}, configs=(key,), us=100.0, share_pct=100 / CLASSES) for key in keys
    )

    def run(arm: Arm, gain: float) -> TimedRun:
        noise = np.exp(_NOISE * rng.standard_normal(CLASSES) - gain)
        rows = tuple(RowTime(config=key, us=100.0 * float(us)) for key, us in zip(keys, noise, strict=True))
        return TimedRun(arm=arm, card="card", script_us=rows, gpu_us=rows)

    banked = Measurement(best="best", candidate="best", runs=tuple(run(Arm.BEST, 0.0) for _ in range(BANK_RUNS)))
    bank = Bank().with_measurement(banked, classes)
    plan = [run(arm, 0.02 if arm is Arm.CANDIDATE else 0.0) for arm in (Arm.CANDIDATE, Arm.BEST) * PAIRS]
    measurement = Measurement(best="best", candidate="candidate", runs=tuple(plan))
    spent: list[float] = []
    for _ in range(TRIES):
        started = time.process_time()
        next_measurement(measurement, bank, classes, (keys[0],), JudgeLimits(max_pairs=PAIRS))
        spent.append(time.process_time() - started)
    return 1000 * sorted(spent)[len(spent) // 2]

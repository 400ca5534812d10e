"""kernel-opt's own rules, asked through the same door as in a round."""

import math
from itertools import count

import numpy as np
from msgspec.structs import replace

from bench.judge.noise import Array
from bench.judge.trial import BASE_US, CLASSES, TARGET, Decision, Rule, Trial
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits, Preset, Redo
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import next_measurement
from kernel_opt.rules.judge.noise import NOISE_RUNS

_KEYS = [f"class={number}" for number in range(CLASSES)]
_CLASSES = tuple(
    ConfigClass(key=key, columns={"class": key}, configs=(key,), us=BASE_US, share_pct=100 / CLASSES) for key in _KEYS
)
_EARLIER_SESSIONS = 6  # Rounds before this one, each with two runs of best.


class Evidence(Rule):
    """The default rule."""

    name = "kernel-opt"
    preset = Preset.EVIDENCE

    def __init__(self) -> None:
        self._bank = Bank()
        self._commits = count()
        self._best = "best-0"

    def start(self, trial: Trial) -> None:
        """Measure best against itself, and play the runs of best of some earlier rounds."""
        for runs in (NOISE_RUNS, *[2] * _EARLIER_SESSIONS):
            trial.machine.open_session()
            timed = tuple(_timed(Arm.BEST, trial.best()) for _ in range(runs))
            self._bank = self._bank.with_measurement(self._measurement(timed, self._best), _CLASSES)

    def decide(self, trial: Trial) -> Decision:
        """Ask the judge until it answers with a verdict."""
        limits = JudgeLimits(preset=self.preset)
        measurement = self._measurement((), "candidate")
        while True:
            answer = next_measurement(measurement, self._bank, _CLASSES, (_KEYS[TARGET],), limits)
            if isinstance(answer, Verdict):
                break
            arm = measurement.runs[answer.index].arm if isinstance(answer, Redo) else answer.arm
            run = _timed(arm, trial.best() if arm is Arm.BEST else trial.candidate())
            run = replace(run, redo_of=answer.index) if isinstance(answer, Redo) else run
            measurement = replace(measurement, runs=(*measurement.runs, run))
        self._bank = self._bank.with_measurement(measurement, _CLASSES)
        kept = answer.outcome is Outcome.BETTER
        claim = -math.log(1 - answer.gain_pct / 100) if kept else 0.0
        return Decision(kept, answer.outcome is Outcome.WORSE, claim)

    def moved(self) -> None:
        """Forget the level: the runs banked so far were of another commit."""
        self._best = f"best-{next(self._commits) + 1}"

    def _measurement(self, runs: tuple[TimedRun, ...], candidate: str) -> Measurement:
        return Measurement(best=self._best, candidate=candidate, runs=runs)


class Strict(Evidence):
    """The protocol's plain rule."""

    name = "protocol-strict"
    preset = Preset.PROTOCOL_STRICT


def _timed(arm: Arm, logs: Array) -> TimedRun:
    rows = tuple(RowTime(config=key, us=us) for key, us in zip(_KEYS, np.exp(logs).tolist(), strict=True))
    return TimedRun(arm=arm, card="card", script_us=rows, gpu_us=rows)

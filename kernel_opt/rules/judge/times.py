"""The times of runs, class by class, in ln; a time that cannot be read is None and never a number."""

import math
from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.measurement import Arm, Measurement, Metric, TimedRun
from kernel_opt.rules.judge.stats import mean, mean_log

WHOLE = ""
"""Key of the target kernel's time over the whole run, beside the classes' keys."""

Logs = dict[str, float | None]


def class_logs(run: TimedRun, metric: Metric, classes: Sequence[ConfigClass]) -> Logs:
    """Return ln of each class's geometric mean; a class with a missing or impossible row is None."""
    rows = run.gpu_us if metric is Metric.GPU else run.script_us
    times = {row.config: row.us for row in rows or ()}
    return {one.key: mean_log([times.get(config, math.nan) for config in one.configs]) for one in classes}


def whole_log(run: TimedRun) -> float | None:
    """Return ln of the target kernel's GPU time, None when it is not a positive number."""
    return None if run.gpu_whole_us is None else mean_log([run.gpu_whole_us])


class Times:
    """The runs of a measurement that count, and their times by every metric they have."""

    def __init__(self, measurement: Measurement, classes: Sequence[ConfigClass]) -> None:
        slots = measurement.slots()
        # After a change of card the earlier runs cannot be paired with the later ones.
        self.slots = [(index, run) for index, run in slots if run.card == measurement.runs[-1].card]
        self.runs = [run for _, run in self.slots]
        self.measurement = measurement
        self.classes = classes
        self.keys = [one.key for one in classes]
        self.metric = _choose_metric(self.runs)
        self.class_metric = Metric.SCRIPT if self.metric is Metric.GPU_WHOLE else self.metric
        self._logs: dict[Metric, list[Logs]] = {}

    @property
    def card(self) -> str:
        """The card that all these runs were on."""
        return self.runs[0].card

    def by_class(self, metric: Metric) -> list[Logs]:
        """Return each run's times by class."""
        if metric not in self._logs:
            self._logs[metric] = [class_logs(run, metric, self.classes) for run in self.runs]
        return self._logs[metric]

    def values(self, metric: Metric, keys: Sequence[str], arm: Arm) -> list[float]:
        """Return the mean over these classes of each run of one build; runs that lack one are left out."""
        if metric is Metric.GPU_WHOLE:
            wholes = [whole_log(run) for run in self.runs if run.arm is arm]
            return [value for value in wholes if value is not None]
        rows = [logs for run, logs in zip(self.runs, self.by_class(metric), strict=True) if run.arm is arm]
        if len(keys) == 1:
            return [value for logs in rows if (value := logs[keys[0]]) is not None]
        known = [[value for key in keys if (value := logs[key]) is not None] for logs in rows]
        return [mean(values) for values in known if len(values) == len(keys)]

    def unusable(self) -> str | None:
        """Say which run is disturbed or has no usable time of which class, None when all are fine."""
        disturbed = next((run.disturbed for run in self.runs if run.disturbed is not None), None)
        if disturbed is not None:
            return disturbed
        for number, (run, logs) in enumerate(zip(self.runs, self.by_class(self.class_metric), strict=True), 1):
            if self.metric is Metric.GPU_WHOLE and whole_log(run) is None:
                return f"run {number} ({run.arm.value}) has no usable GPU time of the target kernel"
            missing = [key for key, value in logs.items() if value is None]
            if missing:
                return f"run {number} ({run.arm.value}) has no usable time for {missing[0]}"
        return None


def _choose_metric(runs: Sequence[TimedRun]) -> Metric:
    """Return the best metric that every run has."""
    if all(run.gpu_us is not None for run in runs):
        return Metric.GPU
    if all(run.gpu_whole_us is not None for run in runs):
        return Metric.GPU_WHOLE
    return Metric.SCRIPT

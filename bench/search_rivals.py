"""Runs one optimizer of others on a recorded space, in their own virtual environment.

Reads one JSON object {"space": path, "optimizer": name, "seed": n, "evaluations": n} from standard input and prints the
best time after each unique evaluation as a JSON list. Every optimizer is told of points that do not run in the way its
own manual says; a point asked for again costs no evaluation, as in a tuner with a cache.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

from search_spaces import Recorded, read_space


class Meter:
    """Gives times out and notes the best one after each new point."""

    def __init__(self, space: Recorded, evaluations: int) -> None:
        self.space, self.evaluations = space, evaluations
        self.seen: set[tuple[int, ...]] = set()
        self.curve: list[float | None] = []

    @property
    def is_full(self) -> bool:
        """Whether all evaluations are used."""
        return len(self.curve) >= self.evaluations

    def measure(self, point: tuple[int, ...]) -> float | None:
        """Return the time of a point, None when it does not run or is none."""
        time = self.space.times.get(point)
        if point in self.space.times and point not in self.seen and not self.is_full:
            self.seen.add(point)
            times = [one for one in (time, self.curve[-1] if self.curve else None) if one]
            self.curve.append(min(times, default=None))
        return time


def optuna_tpe(meter: Meter, seed: int) -> None:
    """TPE over categorical values; what does not run is told as ten times the slowest."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    penalty = 10 * max(time for time in meter.space.times.values() if time)
    for _ in range(20 * meter.evaluations):
        if meter.is_full:
            return
        trial = study.ask()
        names = [f"{number}:{name}" for number, name in enumerate(meter.space.knobs)]
        point = tuple(
            trial.suggest_categorical(name, list(range(len(values))))
            for name, values in zip(names, meter.space.values, strict=True)
        )
        study.tell(trial, meter.measure(point) or penalty)


def kernel_tuner(strategy: str, meter: Meter, seed: int) -> None:
    """One strategy of Kernel Tuner in its simulation mode; the order of its cache look-ups is the search."""
    import numpy as np
    from kernel_tuner import tune_kernel

    random.seed(seed)
    np.random.seed(seed)
    space = meter.space
    knobs = [f"k{number}" for number in range(len(space.knobs))]
    params = {name: list(range(len(values))) for name, values in zip(knobs, space.values, strict=True)}

    def is_recorded(values: dict[str, int]) -> bool:
        return tuple(values[name] for name in knobs) in space.times

    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache.json"
        cache.write_text(json.dumps(_cache(space, knobs, params)))
        found, _ = tune_kernel(
            "k", "void k(void) {}", 1, [], params, lang="C", cache=str(cache), simulation_mode=True, quiet=True,
            restrictions=is_recorded,
            strategy=strategy, strategy_options={"max_fevals": meter.evaluations},
        )  # fmt: skip
    for row in found:
        meter.measure(tuple(row[name] for name in knobs))


def _row(point: tuple[int, ...], time: float | None, knobs: list[str]) -> dict[str, object]:
    parts = ("compile_time", "verification_time", "benchmark_time", "strategy_time", "framework_time")
    found = {"time": time or "RuntimeFailedConfig", "times": [time] if time else []}
    values = dict(zip(knobs, point, strict=True))
    return values | found | dict.fromkeys(parts, 0) | {"timestamp": "2020-01-01 00:00:00+00:00"}


def _cache(space: Recorded, knobs: list[str], params: dict[str, list[int]]) -> dict[str, object]:
    rows = {",".join(map(str, point)): _row(point, time, knobs) for point, time in space.times.items()}
    return {
        "device_name": "recorded", "kernel_name": "k", "problem_size": 1, "tune_params_keys": knobs,
        "tune_params": params, "objective": "time", "cache": rows,
    }  # fmt: skip


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    meter = Meter(read_space(Path(asked["space"])), asked["evaluations"])
    family, _, strategy = asked["optimizer"].partition(" ")
    if family == "optuna":
        optuna_tpe(meter, asked["seed"])
    else:
        kernel_tuner(strategy, meter, asked["seed"])
    print(json.dumps(meter.curve))


if __name__ == "__main__":
    main()

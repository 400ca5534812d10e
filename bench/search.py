"""`python -m bench.search`: knobs against random search and the optimizers of others, at equal evaluations.

Told is the share of the optimum (best possible time over best found) after so many unique evaluations, mean over seeds.
The others are installed into a throw-away virtual environment (--venv keeps one); what cannot be installed is skipped
and named. bench/data holds the example's own space of flags, tiles, vectors and splits, recorded once on a CPU with
512-bit registers; --spaces takes a folder of others. They hold no noise: every optimizer sees the stored value. Gaps
below about 0.03 mean nothing.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.search_spaces import Recorded, read_space
from kernel_opt.rules.search.dice import Dice
from kernel_opt.rules.search.points import Seen, Space, next_point

DATA = Path(__file__).parent / "data"
POINTS = (20, 50, 100, 200)
RIVALS = (
    "optuna tpe",
    "kernel_tuner adaptive_tabu_greywolf",
    "kernel_tuner hybrid_vndx",
    "kernel_tuner genetic_algorithm",
    "kernel_tuner greedy_mls",
    "kernel_tuner simulated_annealing",
    "kernel_tuner bayes_opt",
    "kernel_tuner diff_evo",
    "kernel_tuner pso",
)
LIMIT_S = 600.0  # for one seed of a rival; some need minutes for 200 evaluations
Curve = list[float | None]


def run_ours(space: Recorded, seed: int, evaluations: int) -> Curve:
    """Search as the proposer knobs does, with nothing known at the start."""

    def propose(past: Sequence[Seen]) -> tuple[int, ...] | None:
        return next_point(where, past, None, seed)

    where = Space(tuple(map(len, space.values)), space.times.__contains__)
    return _draw_curve(space, evaluations, propose)


def run_random(space: Recorded, seed: int, evaluations: int) -> Curve:
    """Draw points at random, none twice."""
    dice, left = Dice(seed), sorted(space.times)

    def propose(_: Sequence[Seen]) -> tuple[int, ...] | None:
        return left.pop(dice.below(len(left))) if left else None

    return _draw_curve(space, evaluations, propose)


def _draw_curve(
    space: Recorded, evaluations: int, propose: Callable[[Sequence[Seen]], tuple[int, ...] | None]
) -> Curve:
    past: list[Seen] = []
    curve: Curve = []
    best = math.inf
    while len(past) < evaluations and (point := propose(past)) is not None:
        found = space.times[point]
        past.append(Seen(point, (math.log(found),) if found else None))
        best = min(best, found or math.inf)
        curve.append(best if best < math.inf else None)
    return curve


def run_one(job: tuple[str, str, int, int, str]) -> tuple[str, Curve | None, float]:
    """Run one optimizer once; None when it failed."""
    name, path, seed, evaluations, python = job
    began = time.monotonic()
    if name in {"knobs", "random"}:
        curve = (run_ours if name == "knobs" else run_random)(read_space(Path(path)), seed, evaluations)
        return name, curve, time.monotonic() - began
    asked = json.dumps({"space": path, "optimizer": name, "seed": seed, "evaluations": evaluations})
    script = Path(__file__).with_name("search_rivals.py")
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(script.parent)}
    try:
        done = subprocess.run(
            [python, str(script)], input=asked, capture_output=True, text=True, timeout=LIMIT_S, env=environ, check=True
        )
        return name, json.loads(done.stdout.strip().split("\n")[-1]), time.monotonic() - began
    except (subprocess.SubprocessError, ValueError):
        return name, None, time.monotonic() - began


def make_environment(folder: Path) -> str:
    """Return the Python of an environment with the others' optimizers."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for package in ("optuna", "kernel_tuner"):
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", package], check=False)
    return str(python)


def find_rivals(python: str) -> list[str]:
    """Return the rivals whose library can be imported there; name the others."""
    found: list[str] = []
    for library in ("optuna", "kernel_tuner"):
        done = subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False)
        if done.returncode == 0:
            found += [name for name in RIVALS if name.startswith(library)]
        else:
            print(f"skipped: {library} cannot be installed here")
    return found


def report(space: Recorded, answers: Sequence[tuple[str, Curve | None, float]], names: Sequence[str]) -> None:
    """Print one space as a table."""
    known = sum(1 for one in space.times.values() if one)
    longest = max((len(curve) for _, curve, _ in answers if curve), default=0)
    points = [count for count in POINTS if count <= longest]
    print(f"\n{space.name}: {len(space.times)} points, {known} of them run")
    print(f"{'optimizer':36}" + "".join(f"{count:>8}" for count in points) + f"{'seeds':>8}{'s/seed':>8}")
    for name in names:
        mine = [(curve, wall_s) for of, curve, wall_s in answers if of == name and curve]
        if not mine:
            print(f"{name:36}  failed")
            continue
        cells = [_mean([_share(curve, count, space.optimum) for curve, _ in mine]) for count in points]
        spent_s = _mean([wall_s for _, wall_s in mine])
        print(f"{name:36}" + "".join(f"{cell:>8.3f}" for cell in cells) + f"{len(mine):>8}{spent_s:>8.1f}")


def _share(curve: Curve, count: int, optimum: float) -> float:
    best = curve[min(count, len(curve)) - 1]
    return optimum / best if best else 0.0


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def main() -> None:
    """Run every optimizer on every space and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spaces", type=Path, default=DATA, help="folder of recorded spaces, CSV or CSV.GZ")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=100, help="unique evaluations per seed (at most 200)")
    parser.add_argument("--venv", type=Path, help="keep the others' virtual environment there")
    parser.add_argument("--alone", action="store_true", help="install nothing: knobs and random search only")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        python = "" if options.alone else make_environment(options.venv or Path(scratch) / "venv")
        names = ["knobs", "random", *(find_rivals(python) if python else [])]
        for path in sorted(one for one in options.spaces.iterdir() if ".csv" in one.suffixes):
            space = read_space(path)
            count = min(options.evaluations, len(space.times), POINTS[-1])
            jobs = [(name, str(path), seed, count, python) for name in names for seed in range(options.seeds)]
            with ProcessPoolExecutor(options.jobs) as pool:
                report(space, list(pool.map(run_one, jobs)), names)


if __name__ == "__main__":
    main()

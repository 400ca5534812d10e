"""Benchmark and check of paged-attention decode: `python tests/kernels/test_pa.py` from the root of the repository.

Writes run_pa_decode_ps_test.cpu.csv into the current directory, one row a config. Times are CPU time of the one thread
that computes, so that a busy machine disturbs them little; err_flydsl_ps is the share of wrong elements.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # numpy's threads would disturb the one that is timed

import argparse
import csv
import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from gluon import gluon_launch
from kernels.pa_decode import allocate_workspace, get_recommended_splits, pa_decode_ps_launch
from pa_problem import Config, make_problem, solve
from runtime import buffers

CONFIGS = (
    Config(16, 0, 128, "8x1", 8, 1027),
    Config(16, 0, 128, "8x1", 1, 2051),
    Config(16, 1, 64, "16x1", 2, 1027),
    Config(16, 1, 64, "16x1", 24, 130),
    Config(64, 1, 128, "8x1", 4, 1027),
    Config(64, 1, 128, "8x1", 2, 2051),
    Config(1024, 1, 128, "16x1", 2, 1027),
    Config(1024, 1, 128, "16x1", 1, 2051),
    Config(64, 0, 64, "8x8", 1, 2051),
    Config(64, 0, 64, "8x8", 4, 1027),
)
WARM_UPS = 3
CALLS = 10
# Float32 sums of a few thousand terms stay below 5e-6; a wrong exponential or a lost token does not.
TOLERANCE = 1e-5
CSV_NAME = "run_pa_decode_ps_test.cpu.csv"


def measure_us(call):
    """Return the mean CPU time of a call in microseconds, after warming up."""
    for _ in range(WARM_UPS):
        call()
    begin = time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID)
    for _ in range(CALLS):
        call()
    return (time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID) - begin) / CALLS / 1000


def wrong_share(out, answer):
    """Return the share of elements beyond the tolerance; a NaN is wrong."""
    return 1.0 - float(np.mean(np.abs(out - answer) <= TOLERANCE * (1 + np.abs(answer))))


def run_config(config, seed):
    """Check and time both kernels on one config; return its row of the CSV."""
    problem = make_problem(config, seed)
    answer = solve(problem)
    control = buffers.empty(problem.q.shape)
    us_gluon = measure_us(lambda: gluon_launch(control, problem))
    splits = get_recommended_splits(int(problem.context_len.max()))
    workspace = allocate_workspace(problem.q, splits)
    out = buffers.empty(problem.q.shape)
    us_flydsl = measure_us(lambda: pa_decode_ps_launch(out, **vars(problem), workspace=workspace, num_splits=splits))
    return {
        **vars(config),
        "us_gluon": f"{us_gluon:.3f}",
        "gluon_max_diff": f"{np.abs(control - answer).max():.3e}",
        "us_flydsl_ps": f"{us_flydsl:.3f}",
        "flydsl_ps_max_diff": f"{np.abs(out - answer).max():.3e}",
        "err_flydsl_ps": f"{wrong_share(out, answer):.6g}",
    }


def chosen_configs(options):
    """Return the fixed configs, or the product of what was asked for."""
    asked = vars(options).copy()
    del asked["seed"]
    if not any(asked.values()):
        return CONFIGS
    fallback = {"block_size": [16], "mtp": [0], "head_size": [128], "num_heads": ["8x1"], "batch_size": [1], "context_length": [1027]}
    return [Config(*values) for values in itertools.product(*(asked[name] or fallback[name] for name in fallback))]


def main():
    """Run every config and write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("block_size", "mtp", "head_size", "batch_size", "context_length"):
        parser.add_argument(f"--{name}", type=int, nargs="+")
    parser.add_argument("--num_heads", nargs="+", help="query heads x key-value heads, for instance 8x1")
    parser.add_argument("--seed", type=int, default=123)
    options = parser.parse_args()
    rows = [run_config(config, options.seed) for config in chosen_configs(options)]
    with Path(CSV_NAME).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(Path(CSV_NAME).read_text(), end="")


if __name__ == "__main__":
    main()

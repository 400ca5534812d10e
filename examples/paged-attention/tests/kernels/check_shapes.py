"""Check the kernels on shapes that the benchmark leaves out: `python tests/kernels/check_shapes.py`.

Odd head counts and head sizes, contexts of one token, contexts that end at, before and after a block or a split, lengths
that differ within a batch, sharp softmaxes. What lies behind a context is NaN, and so are the buffers before the call.
"""

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from kernels.pa_decode import allocate_workspace, get_recommended_splits, pa_decode_ps_launch
from pa_problem import Config, make_problem, solve
from runtime import buffers

TOLERANCE = 1e-5
CONTEXTS = ([4], [15, 16, 17], [63, 64, 65, 5], [255, 256, 257], [1025, 31, 512])
SHAPES = (  # block size, mtp, head size, heads
    (16, 0, 8, "1x1"), (16, 1, 24, "5x1"), (32, 3, 64, "6x2"), (64, 0, 72, "8x8"), (64, 2, 128, "9x3"),
    (1024, 1, 64, "16x2"), (1024, 3, 128, "16x1"), (16, 0, 256, "10x2"),
)


def poison(problem):
    """Put NaN behind every context, where a cache holds whatever was there before."""
    block_size = problem.v.shape[3]
    for blocks, length in zip(problem.block_table, problem.context_len, strict=True):
        for place, block in enumerate(blocks):
            end = max(0, min(block_size, int(length) - place * block_size))
            problem.k[block][:, :, end:] = np.nan
            problem.v[block][:, :, end:] = np.nan


def nan_like(array):
    """Return a buffer of that shape full of NaN."""
    fresh = buffers.empty(array.shape)
    fresh[...] = np.nan
    return fresh


def worst_error(config, lengths, spread, seed):
    """Return the largest error of one problem, NaN when an element was never written."""
    problem = make_problem(config, seed, lengths, spread)
    answer = solve(problem)
    poison(problem)
    splits = get_recommended_splits(int(problem.context_len.max()))
    workspace = {name: nan_like(array) for name, array in allocate_workspace(problem.q, splits).items()}
    out = nan_like(problem.q)
    pa_decode_ps_launch(out, **vars(problem), workspace=workspace, num_splits=splits)
    return float(np.max(np.abs(out - answer) / (1 + np.abs(answer))))


def main():
    """Check all shapes with all contexts; exit code 1 when one is wrong."""
    wrong = 0
    for seed, (shape, lengths) in enumerate(itertools.product(SHAPES, CONTEXTS)):
        spread = 8.0 if seed % 2 else 1.0
        config = Config(*shape, len(lengths), max(lengths))
        error = worst_error(config, lengths, spread, seed)
        if not error <= TOLERANCE * spread:
            wrong += 1
            print(f"wrong by {error:.2g}: {config}, contexts {lengths}, scores x {spread:g}")
    print(f"{len(SHAPES) * len(CONTEXTS)} problems, {wrong} wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())

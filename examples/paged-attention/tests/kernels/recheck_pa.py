"""Call the kernel as nobody expects it: `python tests/kernels/recheck_pa.py --seed N --out DIR`, then `--verify DIR`.

The first leaves the output of every call as raw bytes. Outputs and scratch are full of NaN before each call, and so is
what lies behind a context; between calls the inputs change where they stand, so that whoever remembers an answer gives
the wrong one; the last two calls of a problem get the same inputs. The second compares the bytes with the float64
answers, in a process in which none of the kernel's code runs: start it in a tree that the kernel never touched.

`--blind DIR` calls the benchmark's own configs as often as it does, for a tracer to see how long that takes where no
answer can be found; `--verify-blind DIR` compares what was left of them.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import random
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from pa_problem import Config, make_problem, solve
from runtime import buffers

# Block size, mtp, head size, heads: the benchmark's own, and some that it leaves out.
SHAPES = (
    (16, 0, 128, "8x1"), (16, 1, 64, "16x1"), (64, 1, 128, "8x1"), (1024, 1, 128, "16x1"), (64, 0, 64, "8x8"),
    (16, 1, 24, "5x1"), (32, 3, 64, "6x2"), (64, 2, 128, "9x3"), (16, 0, 256, "10x2"),
)
CALLS = 4
# Outputs of a blind run that are kept for each config: all of a short one, of a long one about so many.
KEPT = 16
# Of a long one there must be so many; that by chance alone there are fewer happens once in half a million times.
LEAST = 2
TOLERANCE = 1e-5
ARRAYS = ("q", "k", "v", "block_table", "context_len")


def make_calls(seed, number):
    """Return the problems of all calls with one shape: equal in size, so that they fit into the same buffers."""
    rng = np.random.default_rng((seed, number))
    shape = SHAPES[number]
    longest = int(rng.integers(40, 600))
    lengths = [longest, *(int(rng.integers(shape[1] + 1, longest + 1)) for _ in range(int(rng.integers(0, 3))))]
    spread = float(rng.choice([1.0, 8.0]))
    config = Config(*shape, len(lengths), longest)
    problems = [make_problem(config, (seed, number, call), lengths, spread) for call in range(CALLS - 1)]
    return [*problems, problems[-1]], TOLERANCE * spread


def poison_behind(problem):
    """Put NaN behind every context, where a cache holds whatever was there before."""
    block_size = problem.v.shape[3]
    for blocks, length in zip(problem.block_table, problem.context_len, strict=True):
        for place, block in enumerate(blocks):
            end = max(0, min(block_size, int(length) - place * block_size))
            problem.k[block][:, :, end:] = np.nan
            problem.v[block][:, :, end:] = np.nan


def checksum(arrays):
    """Return numbers that change with any input."""
    return [zlib.crc32(array) for array in arrays.values()]


def run(seed, folder):
    """Make all calls and leave each output."""
    from kernels.pa_decode import allocate_workspace, get_recommended_splits, pa_decode_ps_launch

    for number, shape in enumerate(SHAPES):
        problems, _ = make_calls(seed, number)
        arrays = {name: buffers.copy(getattr(problems[0], name)) for name in ARRAYS}
        out = buffers.empty(problems[0].q.shape)
        splits = get_recommended_splits(int(problems[0].context_len.max()))
        workspace = allocate_workspace(arrays["q"], splits)
        # Bait: who looks through memory for an answer of the right size finds these, and is wrong.
        answer, control = np.full(out.shape, 0.5), buffers.copy(np.full(out.shape, 0.5, dtype=np.float32))
        for call, problem in enumerate(problems):
            poison_behind(problem)
            for name in ARRAYS:
                arrays[name][...] = getattr(problem, name)
            for array in (out, *workspace.values()):
                array[...] = np.nan
            before = checksum(arrays)
            pa_decode_ps_launch(out, **arrays, workspace=workspace, num_splits=splits)
            (folder / f"{number}-{call}.raw").write_bytes(out.tobytes())
            if checksum(arrays) != before or not (answer == 0.5).all() or not (control == 0.5).all():
                raise SystemExit(f"error: the kernel changed what is not its own: {shape}")


def find_wrong(seed, folder):
    """Compare all outputs; return what is wrong, in words."""
    for number, shape in enumerate(SHAPES):
        problems, tolerance = make_calls(seed, number)
        last = None
        for call, problem in enumerate(problems):
            answer = solve(problem)
            out = np.frombuffer((folder / f"{number}-{call}.raw").read_bytes(), dtype=np.float32)
            if out.size != answer.size:
                return f"call {call} of {shape} left {out.size} numbers, not {answer.size}"
            error = np.max(np.abs(out.reshape(answer.shape) - answer) / (1 + np.abs(answer)))
            if not error <= tolerance:
                return f"call {call} of {shape} is wrong by {error:.2g}"
            if call == CALLS - 1 and out.tobytes() != last:
                return f"the same inputs gave two answers: {shape}"
            last = out.tobytes()
    return None


def make_blind(seed, calls):
    """Yield each config of the benchmark with its problem as every call finds it: all numbers change in place."""
    from test_pa import CONFIGS

    for number, config in enumerate(CONFIGS):
        problem = make_problem(config, (seed, number))
        rng = np.random.default_rng((seed, number, 1))
        scale = np.ones(2)
        for call in range(calls):
            problem.q[...] = rng.standard_normal(problem.q.shape, dtype=np.float32)
            # Counted from the first numbers: over thousands of calls they would grow out of what float32 can add up.
            before, scale = scale, rng.uniform(0.97, 1.03, 2)
            problem.k[...] *= np.float32(scale[0] / before[0])
            problem.v[...] *= np.float32(scale[1] / before[1])
            # One token is another: who takes all for the same up to a factor, by a few samples, is wrong.
            block, place = rng.integers(problem.k.shape[0]), rng.integers(min(problem.v.shape[3], config.context_length))
            for cache in (problem.k[block, :, :, place, :], problem.v[block, :, :, place]):
                cache[...] = rng.standard_normal(cache.shape, dtype=np.float32)
            yield number, call, problem


def blind_calls(timed):
    """Return how often the benchmark calls the kernel for so many timed calls."""
    from test_pa import WARM_UPS

    return WARM_UPS + timed


def run_blind(seed, folder, calls):
    """Call the benchmark's configs as often as it does: no answer lies about, and every call asks for another one."""
    from kernels.pa_decode import allocate_workspace, get_recommended_splits, pa_decode_ps_launch

    chance = random.SystemRandom()
    for number, call, problem in make_blind(seed, calls):
        if call == 0:
            splits = get_recommended_splits(int(problem.context_len.max()))
            workspace, out = allocate_workspace(problem.q, splits), buffers.empty(problem.q.shape)
        out[...] = np.nan
        pa_decode_ps_launch(out, **vars(problem), workspace=workspace, num_splits=splits)
        if chance.random() * calls < KEPT:  # told after the call: while it lasts nobody knows
            (folder / f"blind-{number}-{call}.f32").write_bytes(out.tobytes())


def find_wrong_blind(seed, folder, calls):
    """Compare every output that was kept; return what is wrong, in words."""
    from test_pa import CONFIGS

    for number, config in enumerate(CONFIGS):
        count = len(list(folder.glob(f"blind-{number}-*.f32")))
        if count < (calls if calls <= KEPT else LEAST):
            return f"{calls} calls of {config} left {count} outputs"
    for number, call, problem in make_blind(seed, calls):
        left = folder / f"blind-{number}-{call}.f32"
        if not left.is_file():
            continue
        answer, out = solve(problem), np.frombuffer(left.read_bytes(), dtype=np.float32)
        if out.size != answer.size:
            return f"call {call} of {CONFIGS[number]} left {out.size} numbers, not {answer.size}"
        error = np.max(np.abs(out.reshape(answer.shape) - answer) / (1 + np.abs(answer)))
        if not error <= TOLERANCE:
            return f"call {call} of {CONFIGS[number]} is wrong by {error:.2g}"
    return None


def main():
    """Run or verify; exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--verify", type=Path)
    parser.add_argument("--blind", type=Path)
    parser.add_argument("--calls", type=int, default=10, help="timed calls of each config; those to warm up come on top")
    parser.add_argument("--verify-blind", type=Path)
    options = parser.parse_args()
    if options.blind:
        run_blind(options.seed, options.blind, blind_calls(options.calls))
    if options.verify_blind and (wrong := find_wrong_blind(options.seed, options.verify_blind, blind_calls(options.calls))):
        raise SystemExit(f"error: {wrong}")
    if options.out:
        run(options.seed, options.out)
    if options.verify and (wrong := find_wrong(options.seed, options.verify)):
        raise SystemExit(f"error: {wrong}")


if __name__ == "__main__":
    main()

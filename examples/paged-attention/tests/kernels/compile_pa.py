"""Compile the kernels, then see on small problems how far they are from float64: `python tests/kernels/compile_pa.py`.

The largest difference goes to error.json in $KERNEL_OPT_DUMP, or to the screen. It is told and decides nothing: a kernel
that dies or hangs on a small problem compiles all the same, and what it is worth the benchmark says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from kernels.pa_decode import allocate_workspace, get_recommended_splits, pa_decode_ps_launch
from pa_problem import Config, make_problem, solve
from runtime import buffers

# Every block size and head size of the benchmark, with and without grouped heads; a context that ends within a block.
CONFIGS = (
    Config(16, 0, 128, "8x1", 1, 130),
    Config(16, 1, 64, "16x1", 2, 130),
    Config(64, 1, 128, "8x1", 1, 1027),
    Config(1024, 1, 128, "16x1", 1, 1027),
    Config(64, 0, 64, "8x8", 1, 130),
)
LIMIT_S = 20.0  # The slowest kernel that anybody would look at takes a tenth of a second.


def find_error():
    """Return the largest difference from the answer in float64; a kernel that answers with a NaN has none."""
    found = []
    for config in CONFIGS:
        problem = make_problem(config, seed=1)
        splits = get_recommended_splits(int(problem.context_len.max()))
        workspace = allocate_workspace(problem.q, splits)
        out = buffers.empty(problem.q.shape)
        pa_decode_ps_launch(out, **vars(problem), workspace=workspace, num_splits=splits)
        found.append(float(np.abs(out - solve(problem)).max()))
    if not np.isfinite(found).all():
        raise SystemExit("an answer is not a number")
    return max(found)


def main():
    """Hand the look to a child: what happens to it is no error of compiling."""
    if sys.argv[1:] == ["--look"]:
        print(json.dumps({"largest": find_error()}))
        return
    try:
        done = subprocess.run([sys.executable, __file__, "--look"], capture_output=True, timeout=LIMIT_S, check=True)
    except subprocess.SubprocessError as error:
        print(f"no error against float64: {error}")
        return
    if folder := os.environ.get("KERNEL_OPT_DUMP"):
        Path(folder, "error.json").write_bytes(done.stdout)
    else:
        print(done.stdout.decode(), end="")


if __name__ == "__main__":
    main()

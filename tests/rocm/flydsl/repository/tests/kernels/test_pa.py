"""Benchmark of paged-attention decode, as a script: compares with a reference, times, and writes one CSV."""

import csv
import itertools
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from kernels import pa_decode

HAS_ERROR_COLUMN = True
WARMUP, TIMED = 3, 10
OVERHEAD_US = 4.0
NOISE = 0.003


def launch(name, us, grid, workgroup, registers):
    """Run one kernel: tell whoever records launches, and return the time it took."""
    us *= 1.0 + NOISE * random.uniform(-1.0, 1.0)
    record = os.environ.get("LAUNCH_RECORD")
    if record:
        entry = {"kernel": name, "us": us, "grid": grid, "workgroup": workgroup, "arch_vgpr": registers}
        with Path(record).open("a") as file:
            file.write(json.dumps({**entry, "pid": os.getpid()}) + "\n")
    return us


def run_perftest(call):
    """Call a few times to warm up, then timed; return the average of the timed calls."""
    times = [sum(launch(*one) for one in call) * (1.6 if turn == 0 else 1.0) for turn in range(WARMUP + TIMED)]
    return sum(times[WARMUP:]) / TIMED


def rows():
    """Every problem, in the order of the table."""
    for block, heads, (batch, context), query in itertools.product(
        (16, 64, 1024), ((8, 1), (16, 1)), ((4, 1027), (16, 4096)), (1, 2)
    ):
        yield {
            "compute_type": "fp8",
            "quant_mode": "per_token",
            "trans_v": False,
            "kv_varlen": False,
            "context_partition_size": 256,
            "block_size": block,
            "num_heads": heads,
            "context_length": context,
            "batch_size": batch,
            "query_length": query,
            "head_size": 128,
            "sliding_window": 0,
            "quant_q": True,
            "quant_kv": True,
        }


def run_row(config):
    """Check one problem against the reference and time both kernels."""
    launch(
        "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float> >(int)",
        3.0,
        (4096, 1, 1),
        (256, 1, 1),
        8,
    )
    launch("__amd_rocclr_fillBufferAligned", 2.0, (1024, 1, 1), (256, 1, 1), 8)
    kernel = pa_decode.pa_decode_metadata_kernel if config["block_size"] == 1024 else pa_decode.pa_decode_tile_kernel
    launches, error = kernel(config)
    gluon = [("paged_attention_decode_gluon", pa_decode.work_us(config) * 1.3, (8192, 1, 1), (256, 1, 1), 128)]
    row = {
        **config,
        "us_gluon": run_perftest(gluon) + OVERHEAD_US,
        "us_flydsl_ps": run_perftest(launches) + OVERHEAD_US,
    }
    if HAS_ERROR_COLUMN:
        row["err_flydsl_ps"] = error
    elif error:
        raise AssertionError(
            f"Tensor-likes are not close!\n\nMismatched elements: 512 / 4096\nGreatest absolute difference: {error}"
        )
    return row


def main():
    """Run all rows and write the CSV; in the dialect with an error column a wrong result fails after that."""
    table = [run_row(config) for config in rows()]
    name = f"run_pa_decode_ps_test.{'ps' if HAS_ERROR_COLUMN else 'close'}.triton.3.6.0.csv"
    with Path(name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    print(f"{len(table)} rows, {time.process_time():.2f} s")
    if HAS_ERROR_COLUMN and any(row["err_flydsl_ps"] for row in table):
        raise AssertionError("wrong results")


if __name__ == "__main__":
    main()

# ruff: noqa: INP001
"""Compile one specialisation for $KERNEL_OPT_TARGET: ``compile_pa.py ROWS DIM BLOCK_SIZE``."""

import os
import sys

import triton
from kernels import pa_decode as pa
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

target = os.environ["KERNEL_OPT_TARGET"]
rows, dim, block_size = map(int, sys.argv[1:4])
constants = {"ROWS": rows, "DIM": dim, "BLOCK": block_size, "TOKENS": pa.TOKENS}
half = dict.fromkeys(("out", "q", "k", "v"), "*fp16")
ints = {"table": "*i32", "lens": "*i32", "scale": "fp32", "most_blocks": "i32", "kv_heads": "i32"}
signature = {**half, **ints, **dict.fromkeys(constants, "constexpr")}
source = ASTSource(pa.pa_decode, signature, constants)
wave = 64 if target.startswith("gfx9") else 32
triton.compile(source, target=GPUTarget("hip", target, wave), options={"num_warps": pa.WARPS, "num_stages": pa.STAGES})

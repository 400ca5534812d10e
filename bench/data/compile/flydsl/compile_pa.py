# ruff: noqa: INP001, E501
"""Compile one specialisation: ``compile_pa.py HEAD_DIM BLOCK_SIZE``. The target and the dump are told by FlyDSL's variables."""

import sys

import flydsl.compiler as flyc
import torch
from kernels.pa_tile import build

head_dim, block_size = map(int, sys.argv[1:3])
half = torch.empty(1 << 20, dtype=torch.float16)
ints = torch.empty(1 << 10, dtype=torch.int32)
flyc.compile(build(head_dim, block_size), half, half, half, half, ints, ints, 64, 8, 2, torch.cuda.Stream())

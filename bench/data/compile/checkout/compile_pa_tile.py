# ruff: noqa: INP001
"""Compile FlyDSL's own decode kernel: ``compile_pa_tile.py HEAD_DIM GROUP BLOCK_SIZE QUERY_LENGTH``."""

import sys

import flydsl.compiler as flyc
import torch
from kernels.attention.pa_decode_tile import compile_pa_decode_tile

head_dim, group, block_size, query_length = map(int, sys.argv[1:5])
built = compile_pa_decode_tile(
    head_dim=head_dim,
    query_group_size=group,
    block_size=block_size,
    num_partitions=4,
    per_token_kv=True,
    query_length=query_length,
)
seqs, kv_heads, blocks = 8, 2, 64
single, half, byte = torch.float32, torch.float16, getattr(torch, sys.argv[5] if sys.argv[5:] else "float8_e4m3fnuz")
rows = query_length * group
flyc.compile(
    built["launch"],
    torch.empty(seqs * query_length, kv_heads * group, head_dim, dtype=half),
    torch.empty(seqs, kv_heads, 4, rows, dtype=single),
    torch.empty(seqs, kv_heads, 4, rows, dtype=single),
    torch.empty(seqs, kv_heads, 4, rows, head_dim, dtype=half),
    torch.empty(seqs * query_length, kv_heads * group, head_dim, dtype=half),
    torch.empty(blocks, kv_heads, head_dim // 16, block_size, 16, dtype=byte),
    torch.empty(blocks, kv_heads, block_size // 16, head_dim, 16, dtype=byte),
    torch.empty(seqs, blocks, dtype=torch.int32),
    torch.empty(seqs, dtype=torch.int32),
    torch.empty(blocks, kv_heads, block_size, dtype=single),
    torch.empty(blocks, kv_heads, block_size, dtype=single),
    blocks,
    kv_heads * group,
    seqs,
    kv_heads,
    kv_heads * block_size,
    block_size,
    torch.cuda.Stream(),
)

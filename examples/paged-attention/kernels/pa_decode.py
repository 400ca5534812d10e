"""Launcher and dispatch of the paged-attention decode kernels."""

import ctypes
from pathlib import Path

from runtime import buffers
from runtime.kernel import Module

_POINTERS = ("q", "k", "v", "block_table", "context_len", "part_out", "part_max", "part_sum", "out")
_SIZES = ("num_seqs", "query_len", "num_heads", "num_kv_heads", "head_size", "block_size", "max_blocks", "num_splits", "split_tokens")


class PaArgs(ctypes.Structure):
    """``pa_args`` of pa_args.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int) for name in _SIZES),
        ("scale", ctypes.c_float),
    ]


CFLAGS = ["-O2"]

_MODULE = Module(Path(__file__).with_name("pa_decode.c"), CFLAGS)
_MAIN = _MODULE.kernel("pa_main")
_REDUCE = _MODULE.kernel("pa_reduce")


# How much of a context one work-group takes.
SPLIT_TOKENS = 256
# What pa_decode.c has room for: split tokens, head size, query rows that see the same keys.
_MAX_SPLIT_TOKENS, _MAX_HEAD_SIZE, _MAX_ROWS = 4096, 256, 64


def get_recommended_splits(max_context_length):
    """Return into how many splits the longest context is cut."""
    return -(-max_context_length // SPLIT_TOKENS)


def allocate_workspace(q, num_splits):
    """Return the buffers that the splits leave their results in."""
    rows = q.shape[0] * q.shape[1] * q.shape[2]
    return {
        "part_out": buffers.empty((rows, num_splits, q.shape[3])),
        "part_max": buffers.empty((rows, num_splits)),
        "part_sum": buffers.empty((rows, num_splits)),
    }


def pa_decode_ps_launch(out, q, k, v, block_table, context_len, workspace, num_splits):
    """Decode one step: out[seq][query][head][dim] from the paged key and value caches."""
    num_seqs, query_len, num_heads, head_size = q.shape
    block_size = v.shape[3]
    rows = query_len * num_heads // k.shape[1]
    if block_size % 16 or head_size % 8 or head_size > _MAX_HEAD_SIZE or rows > _MAX_ROWS or SPLIT_TOKENS > _MAX_SPLIT_TOKENS:
        raise ValueError(f"no kernel for block_size {block_size}, head_size {head_size}, {rows} rows a key-value head")
    arrays = {"q": q, "k": k, "v": v, "block_table": block_table, "context_len": context_len, "out": out, **workspace}
    args = PaArgs(
        *(arrays[name].ctypes.data for name in _POINTERS),
        num_seqs, query_len, num_heads, k.shape[1], head_size, block_size, block_table.shape[1], num_splits, SPLIT_TOKENS,
        head_size**-0.5,
    )
    _MAIN.launch(args, grid=(num_splits, num_heads * query_len, num_seqs))
    _REDUCE.launch(args, grid=(num_heads * query_len, num_seqs, 1))

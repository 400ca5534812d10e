"""Paged-attention problems and the float64 answer to them."""

from dataclasses import dataclass

import numpy as np
from runtime import buffers


@dataclass(frozen=True)
class Config:
    """One row of the benchmark; ``num_heads`` is query heads x key-value heads."""

    block_size: int
    mtp: int
    head_size: int
    num_heads: str
    batch_size: int
    context_length: int


@dataclass(frozen=True)
class Problem:
    """The arrays of one config; the caches are paged, their blocks shuffled."""

    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    block_table: np.ndarray
    context_len: np.ndarray


def make_problem(config, seed, context_lengths=None, spread=1.0):
    """Fill one problem with normal numbers; ``spread`` widens the scores."""
    rng = np.random.default_rng(seed)
    heads, kv_heads = map(int, config.num_heads.split("x"))
    lengths = np.asarray(context_lengths or [config.context_length] * config.batch_size, dtype=np.int32)
    max_blocks = -(-int(lengths.max()) // config.block_size)
    num_blocks = max_blocks * len(lengths)

    def normal(*shape, scale=1.0):
        return buffers.copy(rng.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    return Problem(
        q=normal(len(lengths), config.mtp + 1, heads, config.head_size, scale=spread),
        k=normal(num_blocks, kv_heads, config.head_size // 4, config.block_size, 4),
        v=normal(num_blocks, kv_heads, config.head_size, config.block_size),
        block_table=buffers.copy(rng.permutation(num_blocks).astype(np.int32).reshape(len(lengths), max_blocks)),
        context_len=buffers.copy(lengths),
    )


def solve(problem):
    """Return the attention output in float64."""
    num_seqs, query_len, heads, size = problem.q.shape
    kv_heads = problem.k.shape[1]
    answer = np.empty(problem.q.shape, dtype=np.float64)
    for seq in range(num_seqs):
        blocks = problem.block_table[seq]
        length = int(problem.context_len[seq])
        # [block][head][dim/4][token][4] -> [head][token][dim], [block][head][dim][token] -> [head][token][dim]
        k = problem.k[blocks].transpose(1, 0, 3, 2, 4).reshape(kv_heads, -1, size)[:, :length].astype(np.float64)
        v = problem.v[blocks].transpose(1, 0, 3, 2).reshape(kv_heads, -1, size)[:, :length].astype(np.float64)
        q = problem.q[seq].astype(np.float64).reshape(query_len, kv_heads, -1, size).transpose(1, 2, 0, 3)
        scores = q.reshape(kv_heads, -1, size) @ k.transpose(0, 2, 1) * size**-0.5
        scores = scores.reshape(kv_heads, -1, query_len, length)
        hidden = np.arange(length) >= (length - (query_len - 1 - np.arange(query_len)))[:, None]
        scores[:, :, hidden] = -np.inf
        p = np.exp(scores - scores.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        out = (p.reshape(kv_heads, -1, length) @ v).reshape(kv_heads, -1, query_len, size)
        answer[seq] = out.transpose(2, 0, 1, 3).reshape(query_len, heads, size)
    return answer

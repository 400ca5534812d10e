# ruff: noqa: D103, N803
"""Paged-attention decode in Triton: one program for one sequence and one key-value head.

q [seq][kv_head][row][dim], k and v [block][kv_head][token][dim], table [seq][most_blocks], lens [seq].
"""

import triton
import triton.language as tl

TOKENS = 64  # of one turn of the loop
WARPS = 4
STAGES = 2  # loads in flight
LOG2E = 1.4426950408889634


@triton.jit
def pa_decode(
    out,
    q,
    k,
    v,
    table,
    lens,
    scale,
    most_blocks,
    kv_heads,
    ROWS: tl.constexpr,
    DIM: tl.constexpr,
    BLOCK: tl.constexpr,
    TOKENS: tl.constexpr,
):
    seq, head = tl.program_id(0), tl.program_id(1)
    row, dim = tl.arange(0, ROWS), tl.arange(0, DIM)
    token = tl.arange(0, TOKENS)
    base = (seq * kv_heads + head) * ROWS
    query = tl.load(q + (base + row)[:, None] * DIM + dim[None, :])
    visible = tl.load(lens + seq)
    top = tl.full((ROWS,), -1e30, tl.float32)
    total = tl.zeros((ROWS,), tl.float32)
    acc = tl.zeros((ROWS, DIM), tl.float32)
    for first in range(0, visible, TOKENS):
        here = first + token
        inside = here < visible
        block = tl.load(table + seq * most_blocks + here // BLOCK, mask=inside, other=0)
        place = ((block * kv_heads + head) * BLOCK + here % BLOCK) * DIM
        keys = tl.load(k + place[:, None] + dim[None, :], mask=inside[:, None], other=0.0)
        score = tl.dot(query, tl.trans(keys)) * scale
        score = tl.where(inside[None, :], score, -1e30)
        best = tl.maximum(top, tl.max(score, 1))
        weight = tl.exp2(score - best[:, None])
        shrink = tl.exp2(top - best)
        total = total * shrink + tl.sum(weight, 1)
        values = tl.load(v + place[:, None] + dim[None, :], mask=inside[:, None], other=0.0)
        acc = acc * shrink[:, None] + tl.dot(weight.to(tl.float16), values)
        top = best
    tl.store(out + (base + row)[:, None] * DIM + dim[None, :], (acc / total[:, None]).to(tl.float16))


def launch(out, q, k, v, table, lens, block_size):
    """Run it; the grid is sequences by key-value heads."""
    seqs, kv_heads, rows, dim = q.shape
    scale = LOG2E * dim**-0.5
    pa_decode[(seqs, kv_heads)](
        out,
        q,
        k,
        v,
        table,
        lens,
        scale,
        table.shape[1],
        kv_heads,
        rows,
        dim,
        block_size,
        TOKENS,
        num_warps=WARPS,
        num_stages=STAGES,
    )

# ruff: noqa: C901, PERF401, B008
"""Paged-attention decode in FlyDSL: one work-group for one sequence and one key-value head.

q [seq][kv_head][16][dim], k [block][kv_head][token][dim], v [block][kv_head][dim][token], table [seq][most blocks],
lens [seq], out [seq][kv_head][16][dim]. Each wave takes its own tokens; the waves join through LDS at the end.
"""

import flydsl.compiler as flyc
import flydsl.expr as fx
from flydsl.expr import arith, gpu, range_constexpr
from flydsl.expr.typing import T

WAVE = 64
HEADS = 16  # query heads of a key-value head: the rows of a matrix instruction
DEPTH = 16  # what one matrix instruction sums over
WAVES = 4
TOKENS = 32  # of one wave at a time
PREFETCH = 0  # tiles of keys that are loaded ahead: 0 or 1
PAD = 4  # floats behind each row in LDS, against bank conflicts
LOG2E = 1.4426950408889634


def build(head_dim, block_size):
    """Return the launcher of one specialisation."""
    items = WAVES * WAVE
    chunks = TOKENS // DEPTH
    steps = head_dim // DEPTH
    row = head_dim + PAD
    lds_floats = WAVES * HEADS * (row + 2)
    scale = LOG2E / head_dim**0.5

    @flyc.kernel(known_block_size=(items, 1, 1))
    def pa_tile(
        out: fx.Tensor,
        q: fx.Tensor,
        k: fx.Tensor,
        v: fx.Tensor,
        table: fx.Tensor,
        lens: fx.Tensor,
        most_blocks: fx.Int32,
    ):
        tid = fx.Int32(gpu.thread_id("x"))
        wave, lane = tid // WAVE, tid % WAVE
        seq, head = fx.Int32(gpu.block_id("x")), fx.Int32(gpu.block_id("y"))
        heads = fx.Int32(gpu.grid_dim.y)
        low, high = lane % 16, lane // 16

        def flat(tensor, kind, width, op):
            atom = fx.make_copy_atom(op, kind)
            view = fx.Tensor(fx.make_view(fx.get_iter(tensor), fx.make_layout(1 << 30, 1)))
            parts = fx.logical_divide(view, fx.make_layout(1, 1))

            def load(at):
                held = fx.make_rmem_tensor(fx.make_layout(width, 1), kind)
                fx.copy(atom, fx.slice(parts, (None, at)), held)
                return fx.Vector(fx.memref_load_vec(held))

            return load

        load_k = flat(k, fx.Float16, 4, fx.UniversalCopy64b())
        load_q, load_v = flat(q, fx.Float16, 4, fx.UniversalCopy64b()), flat(v, fx.Float16, 4, fx.UniversalCopy64b())
        load_int = flat(table, fx.Int32, 1, fx.UniversalCopy32b())
        visible = fx.Int32(flat(lens, fx.Int32, 1, fx.UniversalCopy32b())(seq)[0])

        def mfma(a, b, c):
            return fx.Vector(fx.rocdl.mfma_f32_16x16x16f16(T.f32x4, [a, b, c, 0, 0, 0]))

        queries = [
            load_q(((seq * heads + head) * HEADS + low) * head_dim + step * DEPTH + high * 4)
            for step in range_constexpr(steps)
        ]

        def block_of(token):
            return fx.Int32(load_int(seq * most_blocks + token // block_size)[0])

        def keys(first):
            found = []
            for chunk in range_constexpr(chunks):
                token = first + chunk * DEPTH + low
                base = ((block_of(token) * heads + head) * block_size + token % block_size) * head_dim
                for step in range_constexpr(steps):
                    found.append(load_k(base + step * DEPTH + high * 4))
            return found

        zero = fx.Vector.filled(4, 0.0, fx.Float32)
        tile = WAVES * TOKENS
        top, total = fx.Float32(-1e30), fx.Float32(0.0)
        sums = [zero] * steps
        held = keys(wave * TOKENS) if PREFETCH else []
        for number in range(fx.Int32(0), (visible + tile - 1) // tile, fx.Int32(1)):
            first = fx.Int32(number) * tile + wave * TOKENS
            here = held if PREFETCH else keys(first)
            if fx.const_expr(PREFETCH):
                held = keys(first + tile)
            scores = []
            for chunk in range_constexpr(chunks):
                score = zero
                for step in range_constexpr(steps):
                    score = mfma(here[chunk * steps + step], queries[step], score)
                masked = []
                for i in range_constexpr(4):
                    inside = first + chunk * DEPTH + high * 4 + i < visible
                    masked.append(arith.select(inside, fx.Float32(score[i]) * fx.Float32(scale), fx.Float32(-1e30)))
                scores.append(masked)
            best = top
            for masked in scores:
                for one in masked:
                    best = best.maximumf(fx.Float32(one))
            best = best.maximumf(fx.Float32(gpu.shuffle_xor(best, 16, WAVE)))
            best = best.maximumf(fx.Float32(gpu.shuffle_xor(best, 32, WAVE)))
            shrink = fx.Float32(fx.math.exp2(top - best))
            total = total * shrink
            weights = []
            for masked in scores:
                raised = [fx.Float32(fx.math.exp2(fx.Float32(one) - best)) for one in masked]
                for one in raised:
                    total = total + one
                weights.append(fx.Vector.from_elements(raised, dtype=fx.Float32).to(fx.Float16))
            shrinks = fx.Vector.from_elements(
                [fx.Float32(gpu.shuffle_idx(shrink, high * 4 + i, WAVE)) for i in range_constexpr(4)], dtype=fx.Float32
            )
            sums = [one * shrinks for one in sums]
            for chunk in range_constexpr(chunks):
                token = first + chunk * DEPTH + high * 4
                base = (block_of(token) * heads + head) * head_dim
                for step in range_constexpr(steps):
                    values = load_v((base + step * DEPTH + low) * block_size + token % block_size)
                    sums[step] = mfma(weights[chunk], values, sums[step])
            top = best
        total = total + fx.Float32(gpu.shuffle_xor(total, 16, WAVE))
        total = total + fx.Float32(gpu.shuffle_xor(total, 32, WAVE))

        base = fx.SharedAllocator().allocate(lds_floats * 4).peek().ptr
        kind = fx.PointerType.get(fx.Float32.ir_type, fx.AddressSpace.Shared, 4)

        def place(at):
            moved = fx.add_offset(base, fx.make_int_tuple(at * 4))
            return fx.Tensor(fx.make_view(fx.recast_iter(kind, moved), fx.make_layout(1, 1)))

        def put(at, one):
            place(at).store(fx.Vector.from_elements([one], dtype=fx.Float32))

        def get(at):
            return fx.Float32(place(at).load()[0])

        stats = WAVES * HEADS * row
        for step in range_constexpr(steps):
            for i in range_constexpr(4):
                put((wave * HEADS + high * 4 + i) * row + step * DEPTH + low, fx.Float32(sums[step][i]))
        put(stats + (wave * HEADS + low) * 2, top)
        put(stats + (wave * HEADS + low) * 2 + 1, total)
        gpu.barrier()
        each = HEADS * head_dim // items
        for i in range_constexpr(each):
            at = tid + i * items
            mine, dim = at // head_dim, at % head_dim
            best = fx.Float32(-1e30)
            for one in range_constexpr(WAVES):
                best = best.maximumf(get(stats + (one * HEADS + mine) * 2))
            over, under = fx.Float32(0.0), fx.Float32(0.0)
            for one in range_constexpr(WAVES):
                part = fx.Float32(fx.math.exp2(get(stats + (one * HEADS + mine) * 2) - best))
                over = over + part * get((one * HEADS + mine) * row + dim)
                under = under + part * get(stats + (one * HEADS + mine) * 2 + 1)
            cell = fx.Tensor(fx.make_view(fx.get_iter(out), fx.make_layout(1 << 30, 1)))
            cell[((seq * heads + head) * HEADS + mine) * head_dim + dim] = (over / under).to(fx.Float16)

    @flyc.jit
    def launch(
        out: fx.Tensor,
        q: fx.Tensor,
        k: fx.Tensor,
        v: fx.Tensor,
        table: fx.Tensor,
        lens: fx.Tensor,
        most_blocks: fx.Int32,
        seqs: fx.Int32,
        heads: fx.Int32,
        stream: fx.Stream = fx.Stream(None),
    ):
        pa_tile(out, q, k, v, table, lens, most_blocks).launch(
            grid=(seqs, heads, 1), block=[items, 1, 1], stream=stream
        )

    return launch

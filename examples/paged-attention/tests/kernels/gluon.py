"""Launcher of the control kernel, whose time tells a machine that changed from a kernel that changed."""

import ctypes
from pathlib import Path

from runtime.kernel import Module

_POINTERS = ("q", "k", "v", "block_table", "context_len", "out")
_SIZES = ("num_seqs", "query_len", "num_heads", "num_kv_heads", "head_size", "block_size", "max_blocks")


class ControlArgs(ctypes.Structure):
    """``control_args`` of gluon_pa_decode.c."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int) for name in _SIZES),
        ("scale", ctypes.c_float),
    ]


# As fast as with -O3, and compiled in half the time: every run of the benchmark compiles it.
_FLAGS = ["-O2", "-ftree-vectorize", "-march=native", "-ffast-math"]
_KERNEL = Module(Path(__file__).with_name("gluon_pa_decode.c"), _FLAGS).kernel("gluon_pa_decode")


def gluon_launch(out, problem):
    """Decode one step with the control kernel."""
    num_seqs, query_len, num_heads, head_size = problem.q.shape
    arrays = {**vars(problem), "out": out}
    args = ControlArgs(
        *(arrays[name].ctypes.data for name in _POINTERS),
        num_seqs, query_len, num_heads, problem.k.shape[1], head_size, problem.v.shape[3], problem.block_table.shape[1],
        head_size**-0.5,
    )
    _KERNEL.launch(args, grid=(num_heads * query_len, num_seqs, 1))

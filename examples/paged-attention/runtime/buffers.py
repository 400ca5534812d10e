"""Page-aligned arrays: numpy's own alignment differs from run to run, and moves timings by several per cent."""

import math
import mmap

import numpy as np


def empty(shape, dtype=np.float32):
    """Return an array that starts on a page; its memory lives as long as the array."""
    dtype = np.dtype(dtype)
    count = math.prod(shape)
    pages = mmap.mmap(-1, max(1, count * dtype.itemsize))
    return np.frombuffer(pages, dtype=dtype, count=count).reshape(shape)


def copy(array):
    """Return a page-aligned copy of ``array``."""
    aligned = empty(array.shape, array.dtype)
    aligned[...] = array
    return aligned

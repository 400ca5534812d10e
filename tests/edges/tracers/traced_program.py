"""A small program with kernels of its own: launches them through the host tracer's function when it finds it."""

import ctypes
import os
import sys

library = ctypes.CDLL(sys.argv[1])
try:
    launch = ctypes.CDLL(None).host_trace_launch
    launch.restype = None
except AttributeError:
    launch = None


def run(name: str, count: int, grid: tuple[int, int, int] = (1, 1, 1)) -> None:
    """Launch the kernel of that name with a number to count to."""
    kernel = ctypes.cast(getattr(library, name), ctypes.c_void_p)
    args = ctypes.c_long(count)
    if launch is None:
        getattr(library, name)(ctypes.byref(args))
    else:
        sizes = [ctypes.c_uint32(size) for size in (*grid, 1, 1, 1)]
        launch(kernel, ctypes.byref(args), name.encode(), *sizes)


for _ in range(3):
    run("warm", 1000, grid=(8, 4, 2))
run("hot", int(sys.argv[2]))
if "short" in sys.argv:
    for _ in range(100_000):
        run("warm", 1)
if "clocked" in sys.argv:
    run("look", 3_000_000)
if "fork" in sys.argv:
    if os.fork() == 0:
        run("warm", 1000)
        sys.exit(0)
    os.wait()
if "crash" in sys.argv:
    os.abort()
print("mask", sorted(os.sched_getaffinity(0)))
sys.exit(3 if "fail" in sys.argv else 0)

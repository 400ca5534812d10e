"""Load compiled kernels and launch them on the calling thread."""

import ctypes
import os
import platform

from runtime.compiler import compile_shared

# Binds this process to the cores it was given, as HIP_VISIBLE_DEVICES binds one to a GPU.
CPUS = "KERNEL_OPT_HOST_CPUS"


def _bind_to_cpus():
    """Keep to the cores named in the environment, for instance "2" or "2,10"."""
    if cpus := os.environ.get(CPUS):
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})


def _find_tracer():
    """Return the launch function of a tracer that was loaded before this program, or None."""
    try:
        launch = ctypes.CDLL(None).host_trace_launch
    except AttributeError:
        return None
    launch.restype = None
    launch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p] + [ctypes.c_uint32] * 6
    return launch


if platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
    raise SystemExit(f"this example runs on Linux on x86-64 or aarch64, not on {platform.system()} {platform.machine()}")
_bind_to_cpus()
_TRACER = _find_tracer()


class Kernel:
    """One C function ``void name(const struct *)``; a launch is one call of it."""

    def __init__(self, name, function):
        self.name = name
        self._function = function
        function.restype = None
        function.argtypes = [ctypes.c_void_p]
        self._entry = ctypes.cast(function, ctypes.c_void_p)

    def launch(self, args, grid, group=(1, 1, 1)):
        """Run the kernel; ``grid`` counts work-items, as a GPU trace does."""
        if _TRACER is None:
            self._function(ctypes.byref(args))
        else:
            _TRACER(self._entry, ctypes.byref(args), self.name.encode(), *grid, *group)


class Module:
    """A compiled C file."""

    def __init__(self, source, flags):
        self._library = ctypes.CDLL(str(compile_shared(source, flags)))

    def kernel(self, name):
        """Return the kernel of that name."""
        return Kernel(name, getattr(self._library, name))

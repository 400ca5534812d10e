"""The tracer of the host platform: like rocprofv3 it wraps any command and leaves rocprofv3's tables.

A program is seen when it launches its kernels through ``host_trace_launch``, a C function that it finds in its own
process only while it is traced:

    void host_trace_launch(void (*kernel)(const void *), const void *args, const char *name,
                           uint32_t grid_x, grid_y, grid_z, uint32_t group_x, group_y, group_z);
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kernel_opt.model.errors import UsageError

# 5 kHz: some hundred samples of a benchmark that computes for a tenth of a second. It costs about a tenth of the time.
SAMPLING_PERIOD_US = 199
_SOURCE = Path(__file__).with_name("host_sampler.c")
_ROOT = Path(__file__).resolve().parents[3]
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from kernel_opt.edges.tracers.host_wrap import main; sys.exit(main(sys.argv[1:]))"
)


def trace_argv(argv: Sequence[str], out_dir: Path, *, sampling: bool = True) -> list[str]:
    """Return the command that runs ``argv`` traced and leaves the tables in ``out_dir``.

    Without ``sampling`` launches are only timed: the samples' own cost is not in the durations then.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    # The command may see another home than ours, but it must see the folder it writes into.
    sampler = out_dir.resolve() / "host_sampler.so"
    shutil.copyfile(build_sampler(os.environ), sampler)
    period_us = SAMPLING_PERIOD_US if sampling else 0
    own = ["--sampler", str(sampler), "--out", str(out_dir.resolve()), "--period-us", str(period_us)]
    return [sys.executable, "-I", "-c", _BOOT, str(_ROOT), *own, "--", *argv]


def build_sampler(environ: Mapping[str, str]) -> Path:
    """Compile the sampler once per source and compiler, into the user's cache; return the shared library."""
    compiler = find_compiler(environ)
    key = hashlib.sha256(_SOURCE.read_bytes() + repr(compiler).encode()).hexdigest()[:16]
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kernel-opt"
    library = cache / f"host_sampler-{key}.so"
    if library.exists():
        return library
    cache.mkdir(parents=True, exist_ok=True)
    fresh = library.with_suffix(f".{os.getpid()}.tmp")
    argv = [*compiler, "-O2", "-shared", "-fPIC", "-o", str(fresh), str(_SOURCE), "-lpthread", "-lrt", "-ldl"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError(
            f"cannot start the C compiler {compiler[0]}: {error}", "set CC to one that is there"
        ) from error
    if done.returncode != 0:
        raise UsageError(
            f"the host tracer does not compile with {shlex.join(compiler)}: {done.stderr.strip()[-500:]}",
            "set CC to a C compiler for this machine",
        )
    fresh.replace(library)
    return library


def find_compiler(environ: Mapping[str, str]) -> list[str]:
    """Return the C compiler as argv: CC, gcc, clang, cc, else the ziglang wheel."""
    if environ.get("CC"):
        return shlex.split(environ["CC"])
    for name in ("gcc", "clang", "cc"):
        if path := shutil.which(name, path=environ.get("PATH")):
            return [path]
    found = subprocess.run([sys.executable, "-m", "ziglang", "version"], capture_output=True, check=False)
    if found.returncode == 0:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise UsageError(
        "the host tracer needs a C compiler and finds none", "install gcc, clang or the ziglang wheel, or set CC"
    )

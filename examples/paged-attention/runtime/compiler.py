"""Find a C compiler, and compile kernels into a cache outside this repository."""

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Line information costs no speed; relative names keep traces of two checkouts comparable.
ALWAYS = ("-std=gnu11", "-shared", "-fPIC", "-g", f"-ffile-prefix-map={ROOT}/=")


class CompileError(Exception):
    """No compiler, or the compiler refused the source."""


def find_compiler():
    """Return the compiler as argv: CC from the environment, gcc, clang, cc, else the ziglang wheel."""
    if os.environ.get("CC"):
        return shlex.split(os.environ["CC"])
    for name in ("gcc", "clang", "cc"):
        if path := shutil.which(name):
            return [path]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise CompileError("no C compiler: neither $CC, gcc, clang, cc nor the ziglang wheel; install one, for instance `pip install ziglang`")


def native_flag():
    """Return the flag that lets the compiler use all of this CPU."""
    return "-mcpu=native" if platform.machine() == "aarch64" else "-march=native"


def cache_folder():
    """Return where compiled kernels lie: never in this repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "paged-attention"


def compile_shared(source, flags):
    """Compile one C file (with the headers beside it) to a shared library and return its path."""
    compiler = find_compiler()
    flags = [native_flag() if flag == "-march=native" else flag for flag in flags]
    texts = [path.read_bytes() for path in (source, *sorted(source.parent.glob("*.h")))]
    # The host is part of the key: -march=native code of another CPU would die of an illegal instruction.
    key = hashlib.sha256(repr((compiler, ALWAYS, flags, str(source), platform.node(), texts)).encode()).hexdigest()[:16]
    library = cache_folder() / f"{source.stem}-{key}.so"
    if library.exists():
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    fresh = library.with_suffix(f".{os.getpid()}.tmp")
    argv = [*compiler, *ALWAYS, *flags, "-o", str(fresh), str(source), "-lm"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CompileError(f"cannot start the compiler {compiler[0]}: {error}") from error
    if done.returncode != 0:
        raise CompileError(f"{shlex.join(argv)} failed\n{done.stderr}")
    fresh.replace(library)
    return library

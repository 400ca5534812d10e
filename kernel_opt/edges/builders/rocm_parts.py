"""The parts of ROCm that a compiler asks for, from ROCm itself or from packages that carry them."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from kernel_opt.edges.builders.recipe import Missing, Site
from kernel_opt.edges.builders.toolchain import find_program

DEVICE_LIBRARY = Path("amdgcn/bitcode/ockl.bc")
LINKER = Path("llvm/bin/ld.lld")
_ROCM = "/opt/rocm"
_SYSTEM_LIBRARIES = (
    "/usr/amdgcn/bitcode",
    "/usr/lib/x86_64-linux-gnu/amdgcn/bitcode",
    "/usr/lib/aarch64-linux-gnu/amdgcn/bitcode",
)


def find_rocm(environ: Mapping[str, str]) -> Path | None:
    """Return an installation that has both parts."""
    root = Path(environ.get("ROCM_PATH") or _ROCM)
    return root if (root / DEVICE_LIBRARY).is_file() and (root / LINKER).is_file() else None


def lay_out_rocm(site: Site) -> Path | Missing:
    """Return ROCm, or a folder made to look like as much of it as a compiler asks for."""
    root = find_rocm(site.environment)
    if root is not None:
        return root
    library = next((path for path in find_libraries(site) if path.is_file()), None)
    linker = find_linker(site)
    if library is None:
        return Missing(
            "ockl.bc, ROCm's device library, is missing", "pip install triton, or apt install rocm-device-libs"
        )
    if linker is None:
        return Missing("ld.lld is missing", "pip install ziglang, or apt install lld")
    made = site.tools / "rocm"
    (made / DEVICE_LIBRARY).parent.mkdir(parents=True)
    (made / LINKER).parent.mkdir(parents=True)
    for part in library.parent.glob("*.bc"):
        (made / DEVICE_LIBRARY).with_name(part.name).symlink_to(part)
    script = f'#!/bin/sh\nexec {shlex.join(linker)} "$@"\n'
    (made / LINKER).write_text(script, encoding="utf-8")
    (made / LINKER).chmod(0o755)
    return made


def find_libraries(site: Site) -> Iterator[Path]:
    """Yield where ``ockl.bc`` may lie; what Triton brings is years newer than Debian's, and registers depend on it."""
    yield Path(site.environment.get("ROCM_PATH") or _ROCM) / DEVICE_LIBRARY
    triton = site.packages.folder("triton")
    if triton is not None:
        yield triton / "backends/amd/lib/ockl.bc"
    yield from (Path(folder) / DEVICE_LIBRARY.name for folder in _SYSTEM_LIBRARIES)


def find_linker(site: Site) -> tuple[str, ...] | None:
    """Return LLVM's linker as argv."""
    own = Path(site.environment.get("ROCM_PATH") or _ROCM) / LINKER
    if os.access(own, os.X_OK):
        return (str(own),)
    program = find_program("ld.lld", site.environment)
    if program is not None:
        return (program,)
    return (site.packages.python, "-m", "ziglang", "ld.lld") if site.packages.folder("ziglang") else None

"""ROCm's device library as clang wants it: a folder of bitcode, with a file for the very target among it."""

import re
import subprocess
from pathlib import Path

from kernel_opt.edges.builders.recipe import Missing, Site
from kernel_opt.edges.builders.rocm_parts import find_libraries

_NEEDED = ("opencl.bc", "ocml.bc", "ockl.bc", "oclc_finite_only_off.bc")
"""What a whole library has; packages for other compilers carry some of it."""
_TARGET = re.compile(r"gfx(?P<major>\d{1,2})(?P<minor>[0-9a-f])(?P<stepping>[0-9a-f])")
_LIMIT_S = 60.0
"""Seconds to compile two lines, on a machine that is busy."""
_VERSION = """\
target triple = "amdgcn-amd-amdhsa"
@__oclc_ISA_version = linkonce_odr hidden local_unnamed_addr addrspace(4) constant i32 {version}
"""


def lay_out_bitcode(site: Site, clang: str) -> Path | Missing:
    """Return the library's folder; where it is older than the target, one with the target's own file besides."""
    folders = (path.parent for path in find_libraries(site))
    found = next((folder for folder in folders if all((folder / name).is_file() for name in _NEEDED)), None)
    if found is None:
        return Missing("ROCm's device library is missing", "apt install rocm-device-libs, or install ROCm")
    target = site.target.partition(":")[0]
    name = f"oclc_isa_version_{target.removeprefix('gfx')}.bc"
    if (found / name).is_file():
        return found
    made = site.tools / "bitcode"
    made.mkdir()
    for part in found.glob("*.bc"):
        (made / part.name).symlink_to(part)
    return _write_version(made / name, target, clang, site) or made


def _write_version(place: Path, target: str, clang: str, site: Site) -> Missing | None:
    """Write the file that tells the library's functions which target they are compiled for."""
    match = _TARGET.fullmatch(target)
    if match is None:
        return Missing(f"ROCm's device library knows no {target}", "name a target such as gfx942")
    version = int(match["major"]) * 1000 + int(match["minor"], 16) * 100 + int(match["stepping"], 16)
    source = place.with_suffix(".ll")
    source.write_text(_VERSION.format(version=version), encoding="utf-8")
    argv = [clang, "-x", "ir", "-c", "-emit-llvm", "-target", "amdgcn-amd-amdhsa", "-nogpulib"]
    try:
        subprocess.run(
            [*argv, "-o", str(place), str(source)],
            check=True,
            capture_output=True,
            timeout=_LIMIT_S,
            env=dict(site.environment),
        )
    except (OSError, subprocess.SubprocessError):
        return Missing(f"{clang} compiles nothing for AMD GPUs", "apt install clang, or install ROCm")
    return None

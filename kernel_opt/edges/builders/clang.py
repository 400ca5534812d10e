"""HIP or OpenCL C with the clang that this machine has: to assembly, for the device alone."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.builders.bitcode import lay_out_bitcode
from kernel_opt.edges.builders.recipe import Missing, Recipe, Site, fill
from kernel_opt.edges.builders.toolchain import find_program
from kernel_opt.model.compile_settings import BuildSettings

_OPENCL = (".cl",)
_HIP_HEADER = Path("include/hip/hip_version.h")
_SYSTEM = Path("/usr")
_WITHOUT_HEADERS = "-nogpuinc"


def plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    """Return the compiler's command; HIP needs the headers of ROCm besides its device library."""
    rocm = Path(site.environment.get("ROCM_PATH") or "/opt/rocm")
    own = rocm / "llvm/bin/clang"
    clang = str(own) if own.is_file() else find_program("clang", site.environment)
    if clang is None:
        return Missing("clang is missing", "apt install clang, or install ROCm")
    library = lay_out_bitcode(site, clang)
    if isinstance(library, Missing):
        return library
    words = fill(build, site)
    if any(word.endswith(_OPENCL) for word in words):
        device: Sequence[str] = ("-x", "cl", "-target", "amdgcn-amd-amdhsa", f"-mcpu={site.target}")
    else:
        root = next((root for root in (rocm, _SYSTEM) if (root / _HIP_HEADER).is_file()), None)
        if root is None and _WITHOUT_HEADERS not in words:
            return Missing("the headers of HIP are missing", "apt install libamdhip64-dev, or install ROCm")
        headers = () if root is None else (f"--rocm-path={root}",)
        device = ("-x", "hip", "--cuda-device-only", f"--offload-arch={site.target}", *headers)
    output = ("-S", "-o", str(site.dump / "kernel.s"))
    return Recipe(argv=(clang, *device, f"--rocm-device-lib-path={library}", *words, *output))

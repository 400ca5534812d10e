"""HIP or OpenCL C with the clang that this machine has: to assembly, for the device alone."""

from pathlib import Path

from kernel_opt.edges.builders.recipe import Missing, Recipe, Site, fill
from kernel_opt.edges.builders.rocm_parts import find_device_library
from kernel_opt.edges.builders.toolchain import find_program
from kernel_opt.model.compile_settings import BuildSettings

_OPENCL = (".cl",)


def plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    """Return the compiler's command; HIP needs the headers of ROCm, OpenCL C its device library."""
    rocm = Path(site.environment.get("ROCM_PATH") or "/opt/rocm")
    own = rocm / "llvm/bin/clang"
    clang = str(own) if own.is_file() else find_program("clang", site.environment)
    if clang is None:
        return Missing("clang is missing", "apt install clang, or install ROCm")
    words = fill(build, site)
    library = find_device_library(site)
    output = ("-S", "-o", str(site.dump / "kernel.s"))
    if any(word.endswith(_OPENCL) for word in words):
        if library is None:
            return Missing("ROCm's device library is missing", "apt install rocm-device-libs")
        device = ("-x", "cl", "-target", "amdgcn-amd-amdhsa", f"-mcpu={site.target}")
        return Recipe(argv=(clang, *device, f"--rocm-device-lib-path={library.parent}", *words, *output))
    device = ("-x", "hip", "--cuda-device-only", f"--offload-arch={site.target}", f"--rocm-path={rocm}")
    return Recipe(argv=(clang, *device, *words, *output))

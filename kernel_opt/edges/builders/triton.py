"""Triton: a program that compiles for a named target, into a cache of the build's own."""

from kernel_opt.edges.builders.recipe import Missing, Recipe, Site, fill
from kernel_opt.edges.builders.rocm_parts import find_linker, find_rocm
from kernel_opt.model.compile_settings import BuildSettings


def plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    """Return how to run the program; versions before 3.5 have no linker of their own."""
    if site.packages.folder("triton") is None:
        return Missing(f"{site.packages.python} has no triton", "pip install triton")
    environment = {"TRITON_CACHE_DIR": str(site.dump), "PYTHONPATH": str(site.tree)}
    linker = None if find_rocm(site.environment) else find_linker(site)
    if linker is not None and len(linker) == 1:
        environment["TRITON_HIP_LLD_PATH"] = linker[0]
    return Recipe(argv=fill(build, site), environment=environment)

"""FlyDSL: its program runs with compilation alone switched on, and dumps every stage."""

import os
from pathlib import Path

from kernel_opt.edges.builders.recipe import Missing, Recipe, Site, fill
from kernel_opt.edges.builders.rocm_parts import lay_out_rocm
from kernel_opt.model.compile_settings import BuildSettings
from kernel_opt.model.sandbox import Access, Place

_STUBS = Path(__file__).parent / "stubs"


def plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    """Return how to run the program; torch is stood in for where it is absent, since FlyDSL asks it for types only."""
    if site.packages.folder("flydsl") is None:
        return Missing(f"{site.packages.python} has no flydsl", "pip install flydsl numpy")
    rocm = lay_out_rocm(site)
    if isinstance(rocm, Missing):
        return rocm
    has_torch = site.packages.folder("torch") is not None
    path = (str(site.tree),) if has_torch else (str(_STUBS), str(site.tree))
    return Recipe(
        argv=fill(build, site),
        environment={
            "COMPILE_ONLY": "1",
            # The first is what is compiled for, the second what the program is told that the card is.
            "ARCH": site.target,
            "FLYDSL_GPU_ARCH": site.target,
            "FLYDSL_RUNTIME_ENABLE_CACHE": "0",
            "FLYDSL_DUMP_IR": "1",
            # Names repeat from one kernel to the next: the folder is a new one for every build.
            "FLYDSL_DUMP_DIR": str(site.dump),
            "FLYDSL_DEBUG_ENABLE_DEBUG_INFO": "1",
            "ROCM_PATH": str(rocm),
            "PYTHONPATH": os.pathsep.join(path),
        },
        shown=(Place(str(_STUBS), Access.READ),),
    )

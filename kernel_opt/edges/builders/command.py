"""Any program that leaves compiled code in a folder it is told."""

from kernel_opt.edges.builders.recipe import Recipe, Site, fill
from kernel_opt.model.compile_settings import BuildSettings


def plan(build: BuildSettings, site: Site) -> Recipe:
    """Return the command; everything that `kernel-opt isa` can read may lie in $KERNEL_OPT_DUMP afterwards."""
    return Recipe(argv=fill(build, site), environment={"PYTHONPATH": str(site.tree)})

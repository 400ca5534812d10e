"""C for the processor: the target's own program compiles it, and the compiler it calls leaves the assembly as well."""

import shlex
import sys
from pathlib import Path

from kernel_opt.edges.builders.recipe import Missing, Recipe, Site, fill
from kernel_opt.edges.builders.toolchain import find_program
from kernel_opt.model.compile_settings import BuildSettings

_RECORDER = Path(__file__).with_name("cc_record.py")


def plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    """Return the command, for which CC is a recorder in front of the compiler that would have been used."""
    chosen = shlex.split(site.environment.get("CC", ""))
    found = next((path for name in ("gcc", "clang", "cc") if (path := find_program(name, site.environment))), None)
    compiler = chosen or ([found] if found else [])
    if not compiler and site.packages.folder("ziglang"):
        compiler = [site.packages.python, "-m", "ziglang", "cc"]
    if not compiler:
        return Missing("no C compiler", "apt install gcc, or pip install ziglang")
    recorder = [sys.executable, "-I", "-S", str(_RECORDER), str(site.dump), *compiler]
    environment = {"CC": shlex.join(recorder), "PYTHONPATH": str(site.tree)}
    return Recipe(argv=fill(build, site), environment=environment, is_host=True)

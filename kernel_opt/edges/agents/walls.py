"""What the walls around a coding agent must show besides: its program's package, and its interpreter."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from kernel_opt.edges.sandbox_places import find_installation
from kernel_opt.model.sandbox import Access, Place, Sandbox

_PACKAGES = "node_modules"
_INTERPRETERS = ("node", "bun")
"""What most of them are written for: a script's first line names it, and it may lie in a person's home."""


def show_agent(sandbox: Sandbox | None, program: str) -> Sandbox | None:
    """Return the walls with an agent's installation to be read."""
    if sandbox is None:
        return None
    found = [*find_installation(program), *find_packages(program)]
    for name in _INTERPRETERS:
        path = shutil.which(name)
        found += find_installation(path) if path else []
    places = (Place(os.path.abspath(path), Access.READ) for path in dict.fromkeys(found))  # noqa: PTH100 (links stay)
    return replace(sandbox, places=(*sandbox.places, *places))


def find_packages(program: str) -> list[str]:
    """Return the outermost folder of packages that a program stands in: it starts others from there."""
    roots: list[str] = []
    for path in (Path(program).absolute(), Path(program).resolve()):
        names = path.parts
        if _PACKAGES in names:
            roots.append(str(Path(*names[: names.index(_PACKAGES) + 1])))
    return roots

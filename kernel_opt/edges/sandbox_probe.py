"""The firmest sandbox that works here, found out once by starting a child in it."""

import functools
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_opt.edges.landlock import read_abi
from kernel_opt.edges.process import run_contained
from kernel_opt.edges.sandbox_places import hide_homes
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

_PROBE_LIMIT_S = 10.0
"""Seconds: a sandbox stands in milliseconds; one that hangs is none."""
_TEST = ': >made && ! cat "$HIDDEN" && ! cat /dev/null >"$SHOWN"'
"""It must write where it may, not read what is hidden, and not write what it may only read."""


@dataclass(frozen=True, slots=True)
class FoundSandbox:
    """What works here."""

    level: SandboxLevel
    sized: bool
    """Private folders in memory can be bounded."""
    missing: tuple[str, ...]
    """Why each firmer level does not work, firmest first."""

    def limit(self, most: SandboxLevel) -> SandboxLevel:
        """Return the level to use when no firmer one than ``most`` is wished."""
        if not self.level.holds(most):
            return self.level
        return most if most is not SandboxLevel.S2 or read_abi() else SandboxLevel.S1


@functools.cache
def probe_sandbox() -> FoundSandbox:
    """Try the levels from the firmest down."""
    missing: list[str] = []
    if shutil.which("bwrap") is None:
        missing.append("S3: bubblewrap (bwrap) is not installed")
    else:
        for is_sized in (True, False):  # bubblewrap before 0.7 cannot bound what it makes in memory
            why = try_level(SandboxLevel.S3, is_sized=is_sized)
            if why is None:
                return FoundSandbox(SandboxLevel.S3, is_sized, ())
        missing.append(f"S3: bubblewrap does not work here: {why}")
    why = try_level(SandboxLevel.S2) if read_abi() else "this kernel has no Landlock (it came with 5.13)"
    if why is None:
        return FoundSandbox(SandboxLevel.S2, sized=False, missing=tuple(missing))
    return FoundSandbox(SandboxLevel.S1, sized=False, missing=(*missing, f"S2: {why}"))


def try_level(level: SandboxLevel, *, is_sized: bool = True) -> str | None:
    """Start a child at a level and see what it can do; return what was wrong, or None."""
    with tempfile.TemporaryDirectory(prefix="kernel-opt-probe-") as name:
        folder = Path(name).resolve()
        hidden, shown = folder / "hidden" / "file", folder / "shown" / "file"
        for file in (hidden, shown):
            file.parent.mkdir()
            file.write_text("x")
        inside = folder / "inside"
        inside.mkdir()
        places = (
            *hide_homes(os.environ),
            Place(str(hidden.parent), Access.HIDE),
            Place(str(shown.parent), Access.READ),
            Place(str(inside), Access.WRITE),
        )
        try:
            ended = run_contained(
                ["/bin/sh", "-c", _TEST],
                cwd=inside,
                env={"PATH": os.environ.get("PATH", os.defpath), "HIDDEN": str(hidden), "SHOWN": str(shown)},
                log=folder / "log",
                timeout_s=_PROBE_LIMIT_S,
                sandbox=replace(Sandbox(level=level, places=places), sized=is_sized),
            )
        except (InfrastructureError, OSError) as error:
            said = (folder / "log").read_text(errors="replace").split("\n")[0] if (folder / "log").exists() else ""
            return said[:200] or str(error)
        if ended.exit_code != 0 or not (inside / "made").exists() or shown.read_text() != "x":
            return "a child in it could write what it must not, or could not write what it may"
        return None


def main() -> None:
    """Print what works here, for who cannot start children itself."""
    found = probe_sandbox()
    print(json.dumps({"level": found.level.value, "missing": found.missing}))

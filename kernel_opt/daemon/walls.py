"""The walls of one life of the daemon: probed, required, and with what they keep from changing."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.pins import Pins
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import ask_interpreter, make_base, require_level, with_places
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from kernel_opt.model.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWalls:
    """What every child of a run is held by."""

    sandbox: Sandbox
    protected: tuple[str, ...]
    pins: Pins | None


def raise_walls(
    settings: Settings,
    place: RunPlace,
    repository: Repository,
    environment: Mapping[str, str],
    pinned: Mapping[str, str],
) -> RunWalls:
    """Find out what works here now; raise UsageError when that is less than the settings require."""
    found = probe_sandbox()
    require_level(settings.sandbox, found)
    base = make_base(settings.sandbox, found, place, repository, environment)
    program = settings.benchmark.command[0]
    modules = ask_interpreter(program, environment)
    real = shutil.which(program, path=environment.get("PATH"))
    protected = (*([str(Path(real).resolve())] if real else []), *modules.installed)
    bound = base.level is SandboxLevel.S3
    pins = Pins(repository.root, pinned, bound=bound) if pinned else None
    return RunWalls(sandbox=with_places(base, *modules.places), protected=protected, pins=pins)

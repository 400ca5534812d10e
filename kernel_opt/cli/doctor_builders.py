"""The check of the compile gate: which of the configured builds this machine can make."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.builders.build import Yard, check_builder
from kernel_opt.edges.builders.toolchain import choose_python
from kernel_opt.edges.repository import Repository
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, ok, warn

_ANY_TARGET = "gfx942"
"""What is missing on a machine does not depend on the target."""


def check_builders(repository: Repository | None, settings: Settings | None) -> Sequence[Check]:
    """Tell of each build whether anything it needs is missing; nothing is compiled."""
    if repository is None or settings is None:
        return []
    if not settings.compile.builds:
        return [ok("compile gate", "no build is configured, so nothing is compiled ahead")]
    yard = Yard(
        repository=repository,
        environment=dict(os.environ),
        python=choose_python(settings.benchmark.command[0]),
        extra={},
        sandbox=None,
    )
    found: list[Check] = []
    for build in settings.compile.builds:
        name = f"build {build.name}"
        with tempfile.TemporaryDirectory(prefix="kernel-opt-doctor-") as folder:
            missing = check_builder(build, yard, Path(folder), (*build.targets, _ANY_TARGET)[0])
        if missing is None:
            found.append(ok(name, f"{build.builder.value} can compile here"))
        else:
            found.append(warn(name, f"{missing.what}: its edits go to the card unlooked at", missing.mend))
    return found

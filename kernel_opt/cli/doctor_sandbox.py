"""The check of how firmly the code of others is held here."""

import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from kernel_opt.model.sandbox import SandboxLevel, describe
from kernel_opt.model.settings import SandboxSettings, Settings
from kernel_opt.rules.doctor import Check, fail, ok, warn

_INSTALL = "install bubblewrap (apt install bubblewrap, or dnf install bubblewrap)"
_ALLOW = (
    "let users have namespaces: in a container run with --security-opt seccomp=unconfined, "
    "on Ubuntu give bwrap an AppArmor profile"
)
_PROBE = "from kernel_opt.edges.sandbox_probe import main; main()"


class Found(msgspec.Struct):
    """What the probe's own process tells."""

    level: SandboxLevel
    missing: tuple[str, ...]


def check_sandbox(settings: Settings | None, found: Found | None = None) -> Sequence[Check]:
    """Tell the level that a run would have, and what would make it firmer."""
    wanted = settings.sandbox if settings else SandboxSettings()
    found = found or ask_probe()
    level = found.level if not found.level.holds(wanted.level) else wanted.level
    told = "; ".join((describe(level), *found.missing))
    mend = _ALLOW if any("does not work" in why for why in found.missing) else _INSTALL
    if not level.holds(wanted.require):
        return [fail("sandbox", f"{told}; sandbox.require asks for {wanted.require.value}", mend)]
    if found.level is SandboxLevel.S3:
        return [ok("sandbox", told)]
    return [warn("sandbox", told, f"for S3 {mend}")]


def ask_probe() -> Found:
    """Probe in a process of its own: a child is only ever started from a main thread, and checks run in others."""
    said = subprocess.run(
        [sys.executable, "-P", "-c", _PROBE], capture_output=True, check=True, cwd="/", env=dict(os.environ)
    )
    return msgspec.json.decode(said.stdout, type=Found)

"""The check of how firmly the code of others is held here."""

import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from kernel_opt.model.agent_settings import AgentSettings
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
    network = _tell_network(settings, level)
    if found.level is SandboxLevel.S3:
        return [ok("sandbox", told), network]
    return [warn("sandbox", told, f"for S3 {mend}"), network]


def _tell_network(settings: Settings | None, level: SandboxLevel) -> Check:
    """Tell what a coding agent will reach."""
    limits = settings.agent if settings else AgentSettings()
    if limits.network == "open":
        return ok("agent network", "open, as agent.network says")
    if level is SandboxLevel.S3:
        return ok("agent network", "coding agents reach the servers of their models and nothing else")
    return ok("agent network", "open: only S3 can hold coding agents to the servers of their models")


def ask_probe() -> Found:
    """Probe in a process of its own: a child is only ever started from a main thread, and checks run in others."""
    said = subprocess.run(
        [sys.executable, "-P", "-c", _PROBE], capture_output=True, check=True, cwd="/", env=dict(os.environ)
    )
    return msgspec.json.decode(said.stdout, type=Found)

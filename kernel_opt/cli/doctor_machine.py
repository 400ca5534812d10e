"""Checks of the machine: what holds children, where state and leases go, who ends programs, what time it is."""

import os
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.clock import Clock, SystemClock
from kernel_opt.edges.containment import probe_containment
from kernel_opt.edges.files import filesystem_kind, free_bytes
from kernel_opt.edges.gpus.probe import Probe
from kernel_opt.edges.lease import LEASE_DIR_VARIABLE, lease_dir
from kernel_opt.edges.places import state_root
from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.settings import DiskSettings, Settings
from kernel_opt.rules.doctor import Check, fail, ok, parse_properties, warn

_TOOL_LIMIT_S = 5.0
_CLOCK_SLACK_S = 86_400.0
"""A commit made on another machine may be a little ahead; a day is no slip of a clock."""


def check_containment() -> Sequence[Check]:
    """Tell how children are held together."""
    found = probe_containment()
    if found.is_namespace:
        return [ok("containment", found.name)]
    told = f"{found.name}: a hostile child could outlive its kill"
    return [warn("containment", told, "install bubblewrap, or allow user namespaces")]


def check_state(settings: Settings | None) -> Sequence[Check]:
    """Tell whether runs can keep their state where it would go."""
    root = Path(state_root())
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    mend = "set KERNEL_OPT_STATE to a directory of yours on a local disk"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return [fail("state directory", f"{root} cannot be written: {there} is in the way", mend)]
    kind = filesystem_kind(there)
    if kind is not None:
        return [fail("state directory", f"{root} is on {kind}, a network file system: locks may not hold there", mend)]
    wanted_mb = (settings.disk if settings else DiskSettings()).min_free_mb
    free_mb = free_bytes(there) / 1e6
    if free_mb < wanted_mb:
        told = f"{free_mb:.0f} MB are free at {root}, {wanted_mb:.0f} are wanted (disk.min_free_mb)"
        return [fail("state directory", told, "make room, or set KERNEL_OPT_STATE")]
    return [ok("state directory", f"{root}, {free_mb / 1e3:.0f} GB free")]


def check_leases() -> Sequence[Check]:
    """Tell whether cards can be leased."""
    folder = lease_dir()
    if not os.access(folder, os.W_OK | os.X_OK):
        told = f"{folder} cannot be written"
        return [fail("lease directory", told, f"set {LEASE_DIR_VARIABLE} to one directory for all users")]
    return [ok("lease directory", str(folder))]


def check_logout(tools: Probe | None = None) -> Sequence[Check]:
    """Tell whether a daemon lives on when its user logs out."""
    probe = tools or Probe(_TOOL_LIMIT_S, {}, os.environ)
    try:
        manager = parse_properties(probe.ask(["loginctl", "show-session", "--property=KillUserProcesses"]).stdout)
        user = parse_properties(probe.ask(["loginctl", "show-user", str(os.getuid()), "--property=Linger"]).stdout)
    except ReadFailedError:
        return [ok("logout", "no login manager that would end a daemon")]
    if manager.get("KillUserProcesses") == "yes":
        mend = "`kernel-opt service --install --tag T` once it runs, and `loginctl enable-linger`"
        return [warn("logout", "the login manager ends all of a user's programs at logout", mend)]
    lingers = "; units restart at boot" if user.get("Linger") == "yes" else ""
    return [ok("logout", f"a daemon lives on{lingers}")]


def check_clock(repository: Repository | None, clock: Clock | None = None) -> Sequence[Check]:
    """Tell whether the wall clock can be right: durations never depend on it, dates in reports do."""
    now = (clock or SystemClock()).utc()
    if repository is None:
        return [ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")]
    born_s = int(repository.git.line("show", "--no-patch", "--format=%ct", repository.head_commit()))
    if now.timestamp() + _CLOCK_SLACK_S < born_s:
        told = f"it is {now:%Y-%m-%d %H:%M} UTC here, long before HEAD was committed"
        return [warn("clock", told, "set the clock: reports would bear wrong dates")]
    return [ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")]

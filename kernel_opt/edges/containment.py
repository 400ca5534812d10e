"""How a child and everything it starts is held together here, found out once by trying."""

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass

_PROBE_LIMIT_S = 5.0
"""Seconds: a namespace takes milliseconds; a probe that hangs is a no."""


@dataclass(frozen=True, slots=True)
class Containment:
    """One way to hold a process tree together."""

    name: str
    """In words, for the journal and for people."""
    prefix: tuple[str, ...]
    """What stands before the supervisor's own command line; it makes the supervisor PID 1 of a new namespace."""
    is_namespace: bool
    """Without a PID namespace a hostile child can end its supervisor; what it started then is hunted down by us."""


BWRAP = Containment(
    "PID namespace by bwrap",
    ("bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--as-pid-1", "--"),
    is_namespace=True,
)
UNSHARE = Containment(
    "PID namespace by unshare",
    ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
    is_namespace=True,
)
UNSHARE_USER = Containment(
    "PID and user namespace by unshare",
    ("unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
    is_namespace=True,
)
"""For ordinary users. The user is mapped to itself, so that files keep their owner."""
SUBREAPER = Containment("subreaper only", (), is_namespace=False)

_LEVELS = (BWRAP, UNSHARE, UNSHARE_USER)


@functools.cache
def probe_containment() -> Containment:
    """Return the strongest containment that works here for this user."""
    return next((level for level in _LEVELS if is_working(level)), SUBREAPER)


def is_working(level: Containment) -> bool:
    """Tell whether a containment works here: its child must really be PID 1 of a namespace with its own /proc."""
    if not level.prefix:
        return True
    if shutil.which(level.prefix[0]) is None:
        return False
    probe = [*level.prefix, "/bin/sh", "-c", 'read -r pid _ </proc/self/stat && test "$$" = 1 && test "$pid" = 1']
    try:
        ended = subprocess.run(
            probe,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_LIMIT_S,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0

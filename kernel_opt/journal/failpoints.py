"""Named places where a test may make the process die, fail or hang; nothing happens unless the environment asks."""

import errno
import os
import signal
from collections import Counter

from kernel_opt.model.errors import InfrastructureError, UsageError

VARIABLE = "KERNEL_OPT_FAILPOINT"
"""Holds ``name:side:kind``, a comma list; ``@3`` at the end means: on the third pass only."""

SIDES = ("before", "after")
KINDS = ("kill", "raise", "enospc", "hang")
_passes: Counter[str] = Counter()


def failpoint(place: str) -> None:
    """Pass ``place`` (such as ``append.before``); do there what the environment asks for."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    _passes[place] += 1
    for item in wanted.split(","):
        where, kind, nth = _parse(item)
        if where == place and nth in (None, _passes[place]):
            _fire(place, kind)


def _parse(item: str) -> tuple[str, str, int | None]:
    action, _, count = item.partition("@")
    name, side, kind = ([*action.split(":"), "", ""])[:3]
    if side not in SIDES or kind not in KINDS or (count and not count.isdigit()):
        raise UsageError(
            f"{VARIABLE} has {item!r}", f"write name:{'|'.join(SIDES)}:{'|'.join(KINDS)}, or with @3 at the end"
        )
    return f"{name}.{side}", kind, int(count) if count else None


def _fire(place: str, kind: str) -> None:
    match kind:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)  # pragma: no cover (nobody is left to count it)
        case "raise":
            raise InfrastructureError(f"failpoint {place}", f"unset {VARIABLE}")
        case "enospc":
            raise OSError(errno.ENOSPC, f"failpoint {place}")
        case _:
            while True:
                signal.pause()

"""What a candidate touched that best does not, and that no kernel needs."""

import re
from collections.abc import Iterable, Sequence

from kernel_opt.model.integrity import IntegrityCheck, failed, passed

NAME = "system-calls"
SYSTEM = ("/usr/", "/lib/", "/lib64/", "/opt/", "/bin/", "/sbin/", "/etc/", "/sys/")
"""Where programs, headers and libraries are: to read there is what compilers do when the code asks for more."""
HARMLESS = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty")
_PROCESS = re.compile(r"^/proc/(?:\d+|self|thread-self)(?:/task/\d+)?/")
SHOWN = 3

Touched = tuple[str, str]
"""What was done (read, write, start, connect) and what with."""


def find_odd(seen: Iterable[Touched], own: Sequence[str]) -> frozenset[Touched]:
    """Return what a run did besides reading the system's files and working in its ``own`` folders.

    Programs started are all told: which are usual only best can show.
    """
    odd: set[Touched] = set()
    for kind, what in seen:
        folder = next((f"<{place}>" for place, own_folder in enumerate(own) if _is_below(what, own_folder)), "")
        if kind == "start":
            odd.add((kind, folder + what.rpartition("/")[2] if folder else what))
        elif kind == "connect":
            odd.add((kind, what))
        elif not folder and not _is_usual(kind, what):
            odd.add((kind, _PROCESS.sub("/proc/self/", what)))
    return frozenset(odd)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_usual(kind: str, path: str) -> bool:
    if path in HARMLESS or not path.startswith("/"):  # pipes, sockets and memory have no path
        return True
    return kind == "read" and (path.startswith(SYSTEM) or path in ("/", "/proc", "/proc/cpuinfo", "/proc/meminfo"))


def check_audit(candidate: frozenset[Touched], best: frozenset[Touched]) -> IntegrityCheck:
    """Say whether the candidate did odd things that best does not."""
    new = sorted(candidate - best)
    if not new:
        return passed(NAME, "it opens, starts and connects to nothing that best does not")
    shown = ", ".join(f"{kind} {what[:120]}" for kind, what in new[:SHOWN])
    more = f" and {len(new) - SHOWN} more" if len(new) > SHOWN else ""
    return failed(NAME, f"best does not: {shown}{more}")

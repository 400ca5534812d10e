"""The walls around a child, put into what enforces them: bubblewrap's options, or Landlock's rules."""

# Paths are texts here: they go to other programs as they are, links unresolved, and before every child is started.
# ruff: noqa: PTH112, PTH114, PTH115, PTH120

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kernel_opt.edges.containment import Containment
from kernel_opt.edges.sandbox_places import access_of, settle, show_programs
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

Rule = tuple[str, str]
"""A path that Landlock opens, and how; see ``landlock.confine``."""

_OPEN_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
_BWRAP = (
    "bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1",
    "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev",
)  # fmt: skip
_RESOLVER = "/etc/resolv.conf"
_MOST_ENTRIES = 10_000
"""Neighbours of a hidden place that are named one by one; a folder with more is left closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """How one child is to be started."""

    containment: Containment | None
    """What stands before the supervisor; None: whatever else holds processes together here."""
    rules: tuple[Rule, ...] | None = None
    """What Landlock opens; None: it is not used."""
    network: bool = True
    max_file_bytes: int
    max_processes: int


def build_walls(
    sandbox: Sandbox, argv: Sequence[str], environ: Mapping[str, str], shown: Sequence[str] = (), log: str = ""
) -> Walls:
    """Return how to start ``argv`` inside; what it needs to start, and ``shown``, is at least shown to it.

    Its own log is not for it to write, wherever that lies.
    """
    needed = (*show_programs(argv, environ), *(Place(path, Access.READ) for path in shown))
    own = sandbox.places if not log else (*sandbox.places, Place(log, _log_access(log, sandbox)))
    places = settle((*own, *_missing(sandbox, needed)))
    full = replace(sandbox, places=places)
    containment, rules = None, None
    if sandbox.level is SandboxLevel.S3:
        containment = Containment("sandbox by bwrap", (*bwrap_options(full), "--"), is_namespace=True)
    elif sandbox.level is SandboxLevel.S2:
        rules = tuple(landlock_rules(full))
    return Walls(
        containment=containment,
        rules=rules,
        network=sandbox.network,
        max_file_bytes=sandbox.max_file_bytes,
        max_processes=sandbox.max_processes,
    )


def limits_of(walls: Walls | None, max_file_bytes: int | None) -> dict[str, object]:
    """Return what a supervisor is told of walls; ``max_file_bytes`` is the caller's own limit, if it has one."""
    if walls is None:
        return {"max_file_bytes": max_file_bytes, "max_processes": None, "rules": None, "network": True}
    return {
        "max_file_bytes": max_file_bytes or walls.max_file_bytes,
        "max_processes": walls.max_processes,
        "rules": walls.rules,
        "network": walls.network,
    }


def _missing(sandbox: Sandbox, wanted: Sequence[Place]) -> list[Place]:
    """Keep what is hidden now: what may be written stays so, and what is hidden by name stays hidden."""
    kept = {place.path: place for place in settle(sandbox.places)}
    shown: list[Place] = []
    for place in wanted:
        real = os.path.realpath(place.path)
        paths = dict.fromkeys((place.path, real))
        shown += [Place(path, place.access) for path in paths if path not in kept and _is_hidden(path, kept)]
    return shown


def _log_access(log: str, sandbox: Sandbox) -> Access:
    around = access_of(os.path.realpath(log), {place.path: place for place in settle(sandbox.places)})
    return Access.HIDE if around is Access.HIDE else Access.READ


def _is_hidden(path: str, kept: Mapping[str, Place]) -> bool:
    return access_of(path, kept) is Access.HIDE


def bwrap_options(sandbox: Sandbox) -> tuple[str, ...]:
    """Return bubblewrap and its options for places that are settled."""
    options = [*_BWRAP, *(() if sandbox.network else ("--unshare-net",))]
    options += ["--proc", "/proc", *_memory("/dev/shm", sandbox.shm_bytes, sandbox)]  # noqa: S108 (a new one)
    for place in sandbox.places:
        options += _mount(place, sandbox)
    strange = {os.path.dirname(device) for device in sandbox.devices if not device.startswith("/dev/")}
    for folder in sorted(strange):  # devices elsewhere than usual: no others there either
        options += _memory(folder, sandbox.tmp_bytes, sandbox)
    for device in sandbox.devices:
        options += ["--dev-bind-try", device, device]
    if sandbox.network and os.path.islink(_RESOLVER):  # it leads to /run where a resolver daemon keeps it
        options += ["--ro-bind-try", os.path.realpath(_RESOLVER), os.path.realpath(_RESOLVER)]
    return (*options, "--chdir", "/")


def _mount(place: Place, sandbox: Sandbox) -> Sequence[str]:
    source = place.source or place.path
    if place.access is Access.READ and os.path.islink(place.path) and not place.source:
        return ["--symlink", os.readlink(place.path), place.path]
    if place.access is Access.READ:
        return ["--ro-bind-try", source, place.path]
    if place.access is Access.WRITE:
        return ["--bind-try", source, place.path]
    if place.path == "/dev/shm":  # noqa: S108 (it has one of its own already)
        return []
    if os.path.isdir(place.path):
        return _memory(place.path, sandbox.tmp_bytes, sandbox)
    return ["--ro-bind", os.devnull, place.path] if os.path.lexists(place.path) else []


def _memory(path: str, size_bytes: int, sandbox: Sandbox) -> list[str]:
    sized = ["--perms", "1777", "--size", str(size_bytes)] if sandbox.sized else []
    return [*sized, "--tmpfs", path]


def landlock_rules(sandbox: Sandbox) -> Iterator[Rule]:
    """Yield what Landlock opens: it cannot take back below what it gave above, so what is around is named instead."""
    kept = {place.path: place for place in sandbox.places}
    yield from _around("/", kept)
    for place in sandbox.places:
        if place.access is Access.WRITE:
            yield place.path, "w"
        elif place.access is Access.READ and access_of(place.path, kept) is Access.HIDE:
            yield from _around(place.path, kept)
    yield from ((f"/dev/{name}", "d") for name in _OPEN_DEVICES)
    yield from ((device, "d") for device in sandbox.devices)
    yield "/dev/shm", "w"  # noqa: S108 (GPU runtimes share memory there)
    yield "/proc", "w"


def _around(path: str, kept: Mapping[str, Place]) -> Iterator[Rule]:
    """Yield what can be read at and below ``path``, leaving out what is hidden or has a place of its own."""
    below = path.rstrip("/") + "/"
    if path != "/" and not any(other.startswith(below) and kept[other].access is Access.HIDE for other in kept):
        yield path, "r"
        return
    with os.scandir(path) as entries:
        names = [entry.path for entry in entries if not entry.is_symlink()][:_MOST_ENTRIES]
    for name in sorted(names):
        if name in kept or name in ("/dev", "/proc"):
            continue
        yield from _around(name, kept)

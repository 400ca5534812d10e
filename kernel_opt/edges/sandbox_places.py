"""Which places a child sees: the most specific wins, homes and temp folders are hidden, what it runs is shown."""

# Paths are texts here: they go to other programs as they are, links unresolved, and before every child is started.
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH113, PTH114, PTH115, PTH117, PTH118, PTH119, PTH120, PTH123, PTH208

import functools
import os
import pwd
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kernel_opt.model.sandbox import Access, Place

_HOMES = ("/home", "/root", "/tmp", "/var/tmp", "/dev/shm", "/run", "/mnt/wslg")  # noqa: S108 (hidden, never used)
"""Other people's files, sockets of daemons that would do things for us, and what earlier runs may have left."""
_PACKAGE = str(Path(__file__).resolve().parents[1])
_PATH_LISTS = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""Passed to a child only when the settings name them: what they list is meant to be found."""
_PREFIXES = ("VIRTUAL_ENV", "CONDA_PREFIX")


def hide_homes(environ: Mapping[str, str]) -> tuple[Place, ...]:
    """Return the places in which users keep what is theirs."""
    homes = {*_HOMES, os.path.expanduser("~"), pwd_home(), environ.get("HOME", ""), environ.get("TMPDIR", "")}
    homes |= {environ.get("XDG_RUNTIME_DIR", "")}
    real = {os.path.realpath(home) for home in homes if os.path.isabs(home)}
    return tuple(Place(home, Access.HIDE) for home in sorted(real) if home != "/" and os.path.isdir(home))


def pwd_home() -> str:
    """Return the home of our user as the system knows it, whatever the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user that has no entry
        return ""


def show_programs(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[Place, ...]:
    """Return what a command needs to start: its program and installation, ours, and the files that it names."""
    own = shutil.which("python3", path=environ.get("PATH", os.defpath))  # what scripts and wrappers start
    programs = [shutil.which(word, path=environ.get("PATH", os.defpath)) for word in argv[:1]]
    found = [_PACKAGE, *find_installation(sys.executable)]
    for program in (*programs, own):
        found += find_installation(program) if program else ()
    found += [environ[name] for name in _PREFIXES if name in environ]
    found += [word for name in _PATH_LISTS for word in environ.get(name, "").split(os.pathsep) if os.path.isabs(word)]
    found += [word for word in argv if os.path.isabs(word) and os.path.isfile(word)]
    return tuple(Place(path, Access.READ) for path in dict.fromkeys(map(os.path.abspath, found)))


@functools.cache
def find_installation(program: str) -> tuple[str, ...]:
    """Return a program's files: each link on the way to it, and the folders of the installations they stand in."""
    found: list[str] = []
    path = os.path.abspath(program)
    for _ in range(16):  # links upon links; more is a loop
        folder, prefix = os.path.dirname(path), os.path.dirname(os.path.dirname(path))
        is_installed = os.path.basename(folder) in ("bin", "sbin") and _is_installation(prefix)
        is_shim = os.path.basename(folder) == "shims"  # of a version manager: a script that looks for the true one
        found += [prefix if is_installed or is_shim else path]
        found += _bases(prefix) if is_installed else []
        if not os.path.islink(path):
            break
        path = os.path.normpath(os.path.join(folder, os.readlink(path)))
    real = os.path.realpath(program)
    folder = os.path.dirname(os.path.dirname(real))
    return (*found, folder if _is_installation(folder) else real)


def _is_installation(prefix: str) -> bool:
    """Say whether a folder holds one installation and not a person's things: ~/.local, above all, is none."""
    marks = ("pyvenv.cfg", "conda-meta", "lib/node_modules")
    if any(os.path.exists(os.path.join(prefix, mark)) for mark in marks):
        return os.path.realpath(prefix) != os.path.realpath(os.path.expanduser("~"))
    library = os.path.join(prefix, "lib")
    names = os.listdir(library) if os.path.isdir(library) else []
    return any(name.startswith("python3") and os.path.exists(os.path.join(library, name, "os.py")) for name in names)


def _bases(prefix: str) -> list[str]:
    """Return the installation that a virtual environment was made from."""
    try:
        with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as lines:
            home = next((line.partition("=")[2].strip() for line in lines if line.split("=")[0].strip() == "home"), "")
    except OSError:
        return []
    if not os.path.isabs(home):
        return []
    base = os.path.dirname(os.path.realpath(home))
    return [base] if _is_installation(base) else []


def settle(places: Iterable[Place]) -> tuple[Place, ...]:
    """Return the places that say something new, outer before inner; of two for one path the later holds.

    A link is shown as the link it is, with what it leads to.
    """
    by_path: dict[str, Place] = {}
    for place in places:
        folder, name = os.path.split(os.path.normpath(place.path))
        path = os.path.join(os.path.realpath(folder), name) if name else "/"
        if place.source or not os.path.islink(path):
            by_path[path] = Place(path, place.access, place.source)
            continue
        if place.access is Access.READ:
            by_path[path] = Place(path, Access.READ)
        by_path[os.path.realpath(path)] = Place(os.path.realpath(path), place.access)
    kept: dict[str, Place] = {}
    for path in sorted(by_path, key=lambda path: (len(path.split("/")), path)):
        place = by_path[path]
        around = access_of(path, kept)
        is_link = place.access is Access.READ and not place.source and os.path.islink(path)
        if place.source or (around is Access.HIDE if is_link else place.access is not around):
            kept[path] = place
    return tuple(kept.values())


def access_of(path: str, kept: Mapping[str, Place]) -> Access:
    """Return what holds for a path by the innermost place around it; the system itself can be read."""
    while path not in ("/", ""):
        path = os.path.dirname(path)
        if path in kept:
            return kept[path].access
    return Access.READ

"""The walls that are the same for every child of a run: its level, its sizes, what is hidden and what is shown."""

# Paths are texts here: they go to other programs as they are, links unresolved, and before every child is started.
# ruff: noqa: PTH100, PTH111, PTH117

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from kernel_opt.edges.lease import lease_dir
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_places import hide_homes
from kernel_opt.edges.sandbox_probe import FoundSandbox
from kernel_opt.edges.worktree import lanes_folder
from kernel_opt.model.errors import UsageError
from kernel_opt.model.sandbox import Access, Place, Sandbox, describe
from kernel_opt.model.settings import SandboxSettings

_MB = 1_000_000
_ASK_LIMIT_S = 30.0
"""Seconds for an interpreter to tell where it looks for modules: starting one on a cold disk takes a few."""
_ASK = """\
import json, sys
editable = []
for finder in sys.meta_path:
    mapping = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
    editable += mapping.values() if isinstance(mapping, dict) else []
print(json.dumps([[sys.prefix, sys.base_prefix, sys.exec_prefix], sys.path, [str(one) for one in editable]]))
"""
"""Besides its path: what installations in editable form, whose finders keep a mapping, lead to."""


def require_level(settings: SandboxSettings, found: FoundSandbox) -> None:
    """Refuse a machine that cannot hold children as firmly as the settings require."""
    level = found.limit(settings.level)
    if level.holds(settings.require):
        return
    why = "; ".join(found.missing) or f"sandbox.level allows {settings.level.value} at most"
    mend = "install bubblewrap, see `kernel-opt doctor`, or require less with --require-sandbox"
    raise UsageError(f"the sandbox would be {describe(level)}, {settings.require.value} is required: {why}", mend)


def make_base(
    settings: SandboxSettings, found: FoundSandbox, place: RunPlace, repository: Repository, environ: Mapping[str, str]
) -> Sandbox:
    """Return the walls around every child of a run."""
    link = repository.root / ".git"
    state, lanes = Path(place.directory).parents[1], lanes_folder(Path(place.worktree))
    rounds = (Path(place.directory) / "rounds").resolve()  # on a shared file system perhaps, beside those of other runs
    own = (state, rounds.parents[2], repository.root, link, repository.common_dir, place.worktree, lease_dir())
    own = (*own, lanes) if lanes.is_dir() else own
    return Sandbox(
        level=found.limit(settings.level),
        sized=found.sized,
        places=(
            *hide_homes(environ),
            *(Place(str(path), Access.HIDE) for path in own),
            *show_paths(settings.show),
        ),
        network=settings.network,
        tmp_bytes=int(settings.tmp_mb * _MB),
        shm_bytes=int(settings.shm_mb * _MB),
        max_file_bytes=int(settings.file_mb * _MB),
        max_processes=settings.processes,
    )


def show_paths(paths: Sequence[str], access: Access = Access.READ) -> tuple[Place, ...]:
    """Return what the settings name, ``~`` being the user's own home."""
    return tuple(Place(os.path.abspath(os.path.expanduser(path)), access) for path in paths)


@dataclass(frozen=True, slots=True)
class Modules:
    """Where a Python finds its modules."""

    places: tuple[Place, ...] = ()
    installed: tuple[str, ...] = ()
    """Folders of the installation itself: checkouts that are on its path as well change while people work."""


def ask_interpreter(program: str, environ: Mapping[str, str]) -> Modules:
    """Ask a Python; nothing is known of a program that is none, or does not answer."""
    path = shutil.which(program, path=environ.get("PATH", os.defpath))
    if path is None or not PurePath(program).name.startswith("python"):
        return Modules()
    try:
        said = subprocess.run(
            [path, "-c", _ASK], capture_output=True, timeout=_ASK_LIMIT_S, env=dict(environ), cwd="/", check=False
        )
        prefixes, folders, others = (map(str, found) for found in json.loads(said.stdout or b"[[], [], []]"))
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired):
        return Modules()
    roots, on_path = list(prefixes), [one for one in folders if os.path.isabs(one) and one != "/"]
    # A prefix such as /usr is no place of its own, and what is everybody's need not be shown.
    shown = dict.fromkeys((*roots, *on_path, *(one for one in others if os.path.isabs(one) and one != "/")))
    installed = [one for one in on_path if any(PurePath(one).is_relative_to(root) for root in roots)]
    return Modules(tuple(Place(one, Access.READ) for one in shown), tuple(dict.fromkeys(installed)))


def with_places(base: Sandbox, *places: Place) -> Sandbox:
    """Return walls with more places; they hold where they are more specific or say otherwise."""
    return replace(base, places=(*base.places, *places))


def hide_git(tree: Path) -> tuple[Place, ...]:
    """Return the place that keeps a checkout's link to its repository out of sight."""
    return (Place(str(tree / ".git"), Access.HIDE),)


def open_tree(tree: Path, results: str, write: Sequence[str]) -> tuple[Place, ...]:
    """Return an export as a benchmark sees it: it may write next to its results, and change nothing that is there."""
    parts = PurePath(results).parts
    if "**" in parts:  # results may be anywhere
        return (Place(str(tree), Access.WRITE),)
    plain = next((number for number, part in enumerate(parts[:-1]) if any(c in part for c in "*?[")), len(parts) - 1)
    folders = [tree.joinpath(*parts[:number]) for number in range(plain + 1)]
    places: list[Place] = []
    for folder in (folder for folder in folders if folder.is_dir() and not folder.is_symlink()):
        places.append(Place(str(folder), Access.WRITE))
        with os.scandir(folder) as entries:
            own = (entry for entry in entries if not entry.is_symlink() and not fnmatchcase(entry.name, parts[-1]))
            fixed = [entry.path for entry in own]
        places += [Place(path, Access.READ) for path in sorted(fixed) if Path(path) not in folders]
    for name in write:
        path = tree / os.path.expanduser(name)
        if path.is_relative_to(tree) and not path.exists():
            path.mkdir(parents=True)
        places.append(Place(str(path), Access.WRITE))
    return tuple(places)

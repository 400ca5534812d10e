"""Compiles the specialisations of one commit, each in a child of its own: a compiler may abort, hang or eat memory."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from kernel_opt.edges.builders import cc, clang, command, flydsl, triton
from kernel_opt.edges.builders.ending import keep_code, tell_end
from kernel_opt.edges.builders.recipe import Missing, Recipe, Site
from kernel_opt.edges.builders.toolchain import Packages, find_packages
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.export import export
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.pins import Pins
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import with_places
from kernel_opt.edges.sandbox_places import show_programs
from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.compiled import BuildEnd, Built
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.sandbox import Access, Place, Sandbox

BUILDERS = {
    Builder.FLYDSL: flydsl.plan,
    Builder.TRITON: triton.plan,
    Builder.CLANG: clang.plan,
    Builder.CC: cc.plan,
    Builder.COMMAND: command.plan,
}
_PINNED = {Builder.FLYDSL: "flydsl", Builder.TRITON: "triton"}
_LIMITED = 'ulimit -v "$1" && shift && exec "$@"'
"""Every shell knows this limit; ROCm's own runtime would not live under one, a compiler does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """What every build of a run has in common."""

    repository: Repository
    environment: Mapping[str, str]
    """The user's variables."""
    python: str
    """The interpreter whose packages compile."""
    passed: tuple[str, ...] = ()
    extra: Mapping[str, str]
    sandbox: Sandbox | None
    """None: children are held together, and no more."""
    pins: Pins | None = None
    """Built inputs that a commit does not hold and its compilation may read."""
    on_tick: Callable[[], StopWish | None] = lambda: None
    """Who asks that what runs be ended at once."""

    def packages(self) -> Packages:
        """Ask the interpreter what it has."""
        return find_packages(self.python, self.environment)


def build_commit(
    yard: Yard, commit: str, folder: Path, builds: Sequence[BuildSettings], targets: Sequence[str]
) -> tuple[Built, ...]:
    """Compile every build for every target; ``targets`` are for those that name none."""
    tree = folder / "tree"
    export(yard.repository, commit, tree)
    if yard.pins is not None:
        yard.pins.put_into(tree)
    found: list[Built] = []
    for number, build in enumerate(builds):
        wanted = ("",) if build.builder is Builder.CC else build.targets or tuple(targets)
        if not wanted:
            why = "no trace tells what card it is for: name compile.builds.targets"
            found.append(Built(name=build.name, end=BuildEnd.NOT_BUILT, classes=build.classes, why=why))
        for target in wanted:
            place = folder / f"{number}-{target or 'host'}"
            place.mkdir()
            found.append(_build(yard, build, tree, place, target))
    remove_tree(tree)
    return tuple(found)


def check_builder(build: BuildSettings, yard: Yard, folder: Path, target: str) -> Missing | None:
    """Return what this machine lacks for a build; ``folder`` is new and empty."""
    planned = _plan(build, _site(yard, folder, folder, target))
    return planned if isinstance(planned, Missing) else None


def _site(yard: Yard, tree: Path, place: Path, target: str) -> Site:
    dump, tools = place / "dump", place / "tools"
    dump.mkdir()
    tools.mkdir()
    return Site(
        tree=tree, dump=dump, tools=tools, target=target, packages=yard.packages(), environment=yard.environment
    )


def _plan(build: BuildSettings, site: Site) -> Recipe | Missing:
    package = _PINNED.get(build.builder, "")
    there = site.packages.version(package)
    if build.version and there and there != build.version:
        return Missing(
            f"{package} {there} is installed, {build.version} is wanted", f"pip install {package}=={build.version}"
        )
    return BUILDERS[build.builder](build, site)


def _build(yard: Yard, build: BuildSettings, tree: Path, place: Path, target: str) -> Built:
    blank = Built(name=build.name, end=BuildEnd.NOT_BUILT, target=target, classes=build.classes, folder=str(place))
    if (wish := yard.on_tick()) is not None:
        return structs.replace(blank, why=f"stopped: {wish.reason}")
    site = _site(yard, tree, place, target)
    planned = _plan(build, site)
    if isinstance(planned, Missing):
        return structs.replace(blank, why=str(planned))
    log, began = place / "build.log", time.monotonic()
    try:
        ended = _run(yard, build, site, planned, place, log)
    except KernelOptError as error:
        return structs.replace(blank, why=str(error))
    built = tell_end(blank, build, planned, ended, site.dump, log)
    keep_code(site.dump, place / "code")
    for leftover in (place / "home", site.dump, site.tools):
        remove_tree(leftover)
    return structs.replace(built, wall_s=round(time.monotonic() - began, 3))


def _run(yard: Yard, build: BuildSettings, site: Site, recipe: Recipe, place: Path, log: Path) -> Ended:
    own = {"KERNEL_OPT_TARGET": site.target, "KERNEL_OPT_DUMP": str(site.dump)}
    home = place / "home"
    env = child_environment(home, yard.passed, {**yard.extra, **own, **recipe.environment}, yard.environment)
    argv = recipe.argv
    sandbox = yard.sandbox
    if sandbox is not None:
        pinned = yard.pins.places(site.tree) if yard.pins else ()
        # Last, since PYTHONPATH names the tree as something to read.
        around = [Place(str(path), Access.WRITE) for path in (site.tree, place)]
        sandbox = with_places(sandbox, *show_programs(argv, env), *recipe.shown, *around, *pinned)
    if build.memory_mb:
        argv = ("/bin/sh", "-c", _LIMITED, "sh", str(int(build.memory_mb * 1000)), *argv)
    return run_contained(
        argv,
        cwd=site.tree,
        env=env,
        log=log,
        timeout_s=build.timeout_s or 1e6,
        on_tick=yard.on_tick,
        sandbox=sandbox,
    )

"""What a commit compiles to, through the builds of its settings: ``kernel-opt isa COMMIT``."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.builders.build import Yard, build_commit
from kernel_opt.edges.builders.toolchain import choose_python
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import ask_interpreter, show_paths
from kernel_opt.edges.sandbox_places import hide_homes
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.edges.settings_file import find_settings
from kernel_opt.model.compiled import BuildEnd, Built
from kernel_opt.model.errors import UsageError
from kernel_opt.model.sandbox import Sandbox
from kernel_opt.model.settings import Settings
from kernel_opt.model.static_facts import KernelStatics, Statics
from kernel_opt.views.compiled import say_function


def read_commit(commit: str, repo: Path, config: Path | None, targets: Sequence[str]) -> Statics:
    """Compile a commit of the repository, walled in as in a run, and return its kernels."""
    repository = Repository.find(repo)
    full = repository.commit_of(commit)
    if full is None:
        why = f"there is no file or folder {commit!r}, and no such commit in {repository.root}"
        raise UsageError(why, "name what the compiler left: a .s or .hsaco file, the folder of a dump; or a commit")
    found = find_settings(repository.root, config)
    builds = found.settings.compile.builds
    if not builds:
        raise UsageError(f"{found.source} has no [[compile.builds]]", "see the comments in configs/")
    with tempfile.TemporaryDirectory(prefix="kernel-opt-isa-") as folder:
        built = build_commit(_make_yard(repository, found.settings), full, Path(folder), builds, targets)
    return _to_statics(built)


def _make_yard(repository: Repository, settings: Settings) -> Yard:
    python, environ = choose_python(settings.benchmark.command[0]), dict(os.environ)
    level = probe_sandbox()
    modules = ask_interpreter(python, environ)
    return Yard(
        repository=repository,
        environment=environ,
        python=python,
        passed=settings.benchmark.pass_environment,
        extra=settings.benchmark.environment,
        sandbox=Sandbox(
            level=level.limit(settings.sandbox.level),
            sized=level.sized,
            places=(*hide_homes(environ), *show_paths(settings.sandbox.show), *modules.places),
        ),
    )


def _to_statics(builds: Sequence[Built]) -> Statics:
    """Return all builds as one: a kernel is from its build; what was not built, or is for the processor, is a note."""
    kernels: list[KernelStatics] = []
    notes: list[str] = []
    for built in builds:
        label = f"{built.name} for {built.target}" if built.target else built.name
        kernels += [replace(kernel, source=f"{label}!{kernel.source}") for kernel in built.kernels]
        notes += [f"{label}: {function.name}: {say_function(function)}" for function in built.functions]
        if built.end is not BuildEnd.BUILT:
            notes.append(f"{label}: {built.end.value}: {built.why}")
    return Statics(kernels=tuple(kernels), files=tuple(one.name for one in builds), notes=tuple(notes))

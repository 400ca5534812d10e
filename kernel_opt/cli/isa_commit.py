"""What a commit compiles to, through the builds of its settings: ``kernel-opt isa COMMIT``."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.builders.build import Yard, build_commit
from kernel_opt.edges.builders.toolchain import choose_python
from kernel_opt.edges.pins import Pins, pin_inputs
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import ask_interpreter, show_paths
from kernel_opt.edges.sandbox_places import hide_homes
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.edges.settings_file import find_settings
from kernel_opt.model.compiled import BuildEnd, Built
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from kernel_opt.model.settings import Settings
from kernel_opt.model.static_facts import KernelStatics, Statics
from kernel_opt.views.compiled import say_error, say_function

_MEND = "name what the compiler left: a .s or .hsaco file, the folder of a dump; or a commit"


def read_commit(commit: str, repo: Path, config: Path | None, targets: Sequence[str]) -> Statics:
    """Compile a commit of the repository, walled in as in a run, and return its kernels."""
    try:
        repository = Repository.find(repo)
        full = repository.commit_of(commit)
    except UsageError as error:
        raise UsageError(f"there is no file or folder {commit!r}, and {error.message}", _MEND) from None
    if full is None:
        raise UsageError(f"there is no file or folder {commit!r}, and no such commit in {repository.root}", _MEND)
    known = find_settings(repository.root, config)
    builds = known.settings.compile.builds
    if not builds:
        raise UsageError(f"{known.source} has no [[compile.builds]]", "see the comments in configs/")
    with tempfile.TemporaryDirectory(prefix="kernel-opt-isa-") as folder:
        built = build_commit(_make_yard(repository, known.settings), full, Path(folder), builds, targets)
    found = _to_statics(built)
    if all(one.end is not BuildEnd.BUILT for one in built):
        mend = "mend the code, or install what is missing; `kernel-opt doctor` tells of each build"
        raise ReadFailedError(f"nothing of {commit} was compiled: {'; '.join(found.notes)}", mend)
    return found


def _make_yard(repository: Repository, settings: Settings) -> Yard:
    python, environ = choose_python(settings.benchmark.command[0]), dict(os.environ)
    found = probe_sandbox()
    level = found.limit(settings.sandbox.level)
    modules = ask_interpreter(python, environ)
    pinned = pin_inputs(repository.root, settings.tree.inputs)
    return Yard(
        repository=repository,
        environment=environ,
        python=python,
        passed=settings.benchmark.pass_environment,
        extra=settings.benchmark.environment,
        sandbox=Sandbox(
            level=level,
            sized=found.sized,
            places=(*hide_homes(environ), *show_paths(settings.sandbox.show), *modules.places),
        ),
        pins=Pins(repository.root, pinned, bound=level is SandboxLevel.S3) if pinned else None,
    )


def _to_statics(builds: Sequence[Built]) -> Statics:
    """Return all builds as one: a kernel is from its build; what was not built, or is for the processor, is a note."""
    kernels: list[KernelStatics] = []
    notes: list[str] = []
    for built in builds:
        label = f"{built.name} for {built.target}" if built.target else built.name
        kernels += [replace(kernel, source=f"{label}!{kernel.source}") for kernel in built.kernels]
        notes += [f"{label}: {function.name}: {say_function(function)}" for function in built.functions]
        if built.error is not None:
            notes.append(f"{label}: {say_error(built.error)}")
        if built.end is not BuildEnd.BUILT:
            notes.append(f"{label}: {built.end.value}: {built.why}")
    return Statics(kernels=tuple(kernels), files=tuple(one.name for one in builds), notes=tuple(notes))

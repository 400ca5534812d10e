"""How a build ended: only the compiler's own refusal speaks of the code, all else is this machine's."""

from pathlib import Path

from msgspec import structs

from kernel_opt.edges.builders.host_assembly import read_host_assembly
from kernel_opt.edges.builders.recipe import Recipe
from kernel_opt.edges.isa.read import read_statics
from kernel_opt.edges.process import Ended
from kernel_opt.model.compile_settings import BuildSettings
from kernel_opt.model.compiled import BuildEnd, Built
from kernel_opt.model.errors import ReadFailedError

_TAIL_CHARS = 4_000
_WHY_CHARS = 300
_OUT_OF_MEMORY = ("out of memory", "bad_alloc", "MemoryError", "Cannot allocate memory", "No space left on device")
"""What a compiler says at the end of its memory, or of the disk's room: nothing about the code."""
_NOT_FOUND = (126, 127)
_KILL = 9
_CODE = (".s", ".amdgcn", ".hsaco", ".co", ".json")
"""What is kept of a build: the code, and what tells of its launch."""


def tell_end(blank: Built, build: BuildSettings, recipe: Recipe, ended: Ended, dump: Path, log: Path) -> Built:
    """Say how a build ended; only the compiler's own refusal speaks of the code."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    told = structs.replace(blank, log_tail=text[-_TAIL_CHARS:])
    if ended.timed_out:
        return structs.replace(told, why=f"still compiling after {build.timeout_s:g} s (compile.builds.timeout_s)")
    if ended.signal == _KILL or any(mark in text for mark in _OUT_OF_MEMORY):
        return structs.replace(told, why=f"out of memory or room (compile.builds.memory_mb is {build.memory_mb:g})")
    if ended.exit_code in _NOT_FOUND:
        return structs.replace(
            told, why=f"{recipe.argv[0]} cannot be started: install it, or mend compile.builds.command"
        )
    if ended.exit_code != 0:
        return structs.replace(told, end=BuildEnd.REFUSED, why=_say_why(text, ended))
    try:
        if recipe.is_host:
            functions = read_host_assembly(dump)
            return structs.replace(told, end=BuildEnd.BUILT, functions=functions, log_tail="")
        kernels = tuple(kernel for kernel in read_statics(dump).kernels)
    except ReadFailedError as error:
        return structs.replace(told, why=f"it compiled, but what it left cannot be read: {error}")
    return structs.replace(told, end=BuildEnd.BUILT, kernels=kernels, log_tail="")


def _say_why(text: str, ended: Ended) -> str:
    """Return the line that says most: the first error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if line.strip("^~ |")]  # the compiler points at a column
    errors = [line for line in lines if "error:" in line or "LLVM ERROR" in line]
    died = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    return (errors[:1] or lines[-1:] or [f"the compiler ended with {died} and gave no reason"])[0][:_WHY_CHARS]


def keep_code(dump: Path, into: Path) -> None:
    """Keep the code of a build; a dump holds every stage besides."""
    found = [
        path for path in sorted(dump.rglob("*")) if path.suffix in _CODE and path.is_file() and not path.is_symlink()
    ]
    for number, path in enumerate(found[:64]):
        into.mkdir(exist_ok=True)
        path.rename(into / f"{number:02d}-{path.name}")

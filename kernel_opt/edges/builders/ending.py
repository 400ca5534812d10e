"""How a build ended: only the compiler's own refusal speaks of the code, all else is this machine's."""

import re
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

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
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception)\b:? ?")
_ERROR_BYTES = 4096
_NOT_FOUND = (126, 127)
_KILL = 9
_CODE = (".s", ".amdgcn", ".hsaco", ".co", ".json")
"""What is kept of a build: the code, and what tells of its launch."""
_KEPT_FILES = 64
_DUMP_NAMES = 50_000
"""Looked at: a dump of every stage has some dozens."""
_DUMP_BYTES = 64 << 20
"""Of code in one dump: a specialisation has some MB, and what claims more must not hold the daemon up."""


class _Error(Struct, frozen=True):
    """What a program may leave of its kernel's error."""

    largest: Annotated[float, Meta(ge=0)]


def tell_end(blank: Built, build: BuildSettings, recipe: Recipe, ended: Ended, dump: Path, log: Path) -> Built:
    """Say how a build ended; only the compiler's own refusal speaks of the code."""
    if ended.stopped_by is not None:
        return structs.replace(blank, why=f"stopped: {ended.stopped_by.reason}")
    if ended.exit_code == 0 and not ended.timed_out:
        return _read_dump(blank, recipe, dump, log)
    text = _read_log(log)
    told = structs.replace(blank, log_tail=text[-_TAIL_CHARS:])
    if ended.timed_out:
        return structs.replace(told, why=f"still compiling after {build.timeout_s:g} s (compile.builds.timeout_s)")
    if ended.signal == _KILL or any(mark in text for mark in _OUT_OF_MEMORY):
        return structs.replace(told, why=f"out of memory or room (compile.builds.memory_mb is {build.memory_mb:g})")
    if ended.exit_code in _NOT_FOUND:
        return structs.replace(
            told, why=f"{recipe.argv[0]} cannot be started: install it, or mend compile.builds.command"
        )
    return structs.replace(told, end=BuildEnd.REFUSED, why=_say_why(text, ended))


def _read_log(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _read_dump(blank: Built, recipe: Recipe, dump: Path, log: Path) -> Built:
    try:
        if recipe.is_host:
            functions, error = read_host_assembly(dump), read_error(dump / "error.json")
            return structs.replace(blank, end=BuildEnd.BUILT, functions=functions, error=error)
        return structs.replace(blank, end=BuildEnd.BUILT, kernels=read_statics(dump, _DUMP_BYTES).kernels)
    except ReadFailedError as error:
        why = f"it compiled, but what it left cannot be read: {error}"
        return structs.replace(blank, why=why, log_tail=_read_log(log)[-_TAIL_CHARS:])


def read_error(path: Path) -> float | None:
    """Return how far a build's own program says that it is from float64; None where it says nothing of use."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _ERROR_BYTES:
            return None
        told = msgspec.json.decode(path.read_bytes(), type=_Error)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return told.largest


def _say_why(text: str, ended: Ended) -> str:
    """Return the line that says most: the first error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if line.strip("^~ |")]  # the compiler points at a column
    errors = [line for line in lines if "error:" in line or "LLVM ERROR" in line]
    # Of chained exceptions the last is the one that ended it; what stands behind it is where it was raised.
    errors = errors[:1] or [line for line in lines if _EXCEPTION.match(line)][-1:]
    died = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    return (errors or lines[-1:] or [f"the compiler ended with {died} and gave no reason"])[0][:_WHY_CHARS]


def keep_code(dump: Path, into: Path) -> None:
    """Keep the code of a build; a dump holds every stage besides."""
    seen = sorted(islice(dump.rglob("*"), _DUMP_NAMES))
    found = [path for path in seen if path.suffix in _CODE and path.is_file() and not path.is_symlink()]
    for number, path in enumerate(found[:_KEPT_FILES]):
        into.mkdir(exist_ok=True)
        path.rename(into / f"{number:02d}-{path.name}")

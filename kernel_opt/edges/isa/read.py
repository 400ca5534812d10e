"""Folders of compiled code: a compiler's dump, its cache, or any tree; a file is read as a folder of one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from kernel_opt.edges.isa.code import is_code, read_bytes, read_file
from kernel_opt.edges.isa.limits import FOLDER_BYTES, refuse
from kernel_opt.edges.isa.triton import TritonLaunch, add_launch, read_launch
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.static_facts import KernelStatics, Statics

_FILES = 50_000
"""Names looked at in one folder."""
_READ_FILES = 2_000
"""Of them, files with code that are read."""
_START_BYTES = 4096
_TEXT = (".s", ".amdgcn", ".asm")
_BINARY = (".hsaco", ".co", ".o", ".out", ".hipfb", ".fatbin", ".so", ".bin")
_METADATA_BYTES = 1 << 20
_STEM = re.compile(r"^\d+_")
"""FlyDSL numbers its stages."""


def read_statics(path: Path, most_bytes: int = FOLDER_BYTES) -> Statics:
    """Return every kernel below a path; where text and machine code of the same kernels lie together, the text's."""
    if not path.is_dir():
        return _read_one(path, path.name)
    names = list(_find_code(path))
    size = sum((path / name).stat().st_size for name in names)
    if size > most_bytes:
        raise refuse(str(path), f"{size} B of code; at most {most_bytes >> 20} MiB are read", "name one build's folder")
    if not names:
        mend = "name the folder of a dump or a cache: *_final_isa.s of FlyDSL, *.amdgcn of Triton, *.hsaco"
        raise refuse(str(path), "no compiled code for an AMD GPU is in it", mend)
    found: list[Statics] = []
    problems: list[str] = []
    for name in _leave_out_doubles(names):
        try:
            found.append(_read_one(path / name, name))
        except ReadFailedError as error:
            problems.append(f"left out: {error.message}")
    if not found:
        raise refuse(str(path), problems[0].removeprefix("left out: "))
    return Statics(
        kernels=tuple(kernel for one in found for kernel in one.kernels),
        files=tuple(name for one in found for name in one.files),
        notes=tuple(problems),
    )


def _read_one(path: Path, name: str) -> Statics:
    launch = _find_launch(path, name)
    read = read_file(path, name)
    if launch is None:
        return read
    kernels: tuple[KernelStatics, ...] = tuple(add_launch(kernel, launch) for kernel in read.kernels)
    return structs.replace(read, kernels=kernels)


def _find_launch(path: Path, name: str) -> TritonLaunch | None:
    """Return what Triton says of the launch in the file beside its code."""
    beside = path.with_suffix(".json")
    if path.suffix not in {".amdgcn", ".hsaco"} or not beside.is_file() or beside.stat().st_size > _METADATA_BYTES:
        return None
    label = str(Path(name).with_suffix(".json"))
    return read_launch(read_bytes(beside, label), label)


def _find_code(folder: Path) -> Iterator[str]:
    """Yield the files that hold code by their beginning, in a fixed order; links are not followed."""
    seen = taken = 0
    for directory, below, files in os.walk(folder):
        below.sort()
        for file in sorted(files):
            seen += 1
            path = Path(directory, file)
            if seen > _FILES:
                raise refuse(str(folder), f"more than {_FILES} files", "name the folder of one build")
            if path.suffix not in {*_TEXT, *_BINARY} or path.is_symlink() or not _begins_code(path):
                continue
            taken += 1
            if taken > _READ_FILES:
                raise refuse(str(folder), f"more than {_READ_FILES} files of code", "name the folder of one build")
            yield str(path.relative_to(folder))


def _begins_code(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return is_code(file.read(_START_BYTES)) or path.suffix in _TEXT
    except OSError:
        # Reading it will say why it cannot be read.
        return True


def _leave_out_doubles(names: list[str]) -> list[str]:
    """Leave out machine code whose text lies beside it: the text tells more."""
    texts = {_stem(name) for name in names if name.endswith(_TEXT)}
    return [name for name in names if name.endswith(_TEXT) or _stem(name) not in texts]


def _stem(name: str) -> str:
    path = Path(name)
    return str(path.with_name(_STEM.sub("", path.stem)))

"""Compiled code of any kind, from a file or a folder."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from kernel_opt.edges.isa.assembly_kernels import read_assembly_kernels
from kernel_opt.edges.isa.bundle import is_bundle, read_bundles
from kernel_opt.edges.isa.code_object import read_code_object
from kernel_opt.edges.isa.elf import AMDGPU, MAGIC, Elf
from kernel_opt.edges.isa.limits import FILE_BYTES, KERNELS, TEXT_BYTES, refuse
from kernel_opt.model.static_facts import KernelStatics, Statics

_FAT_SECTION = ".hip_fatbin"
_TEXT_MARKS = (b".amdgcn_target", b".amdhsa_kernel", b".amdgpu_metadata")


def read_code(content: bytes, name: str) -> Statics:
    """Return the kernels of one file's content: assembly text, a code object, or a fat binary."""
    return Statics(kernels=tuple(_read_kernels(memoryview(content), name)), files=(name,))


def read_file(path: Path, name: str) -> Statics:
    """Return the kernels of one file, called ``name`` in what is told."""
    return read_code(read_bytes(path, name), name)


def read_bytes(path: Path, name: str) -> bytes:
    """Return a file's content, at most so much of it as is ever read."""
    try:
        # A pipe or a device would hold us for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                raise refuse(name, "not a file", "name a file or a folder")
            if about.st_size > FILE_BYTES:
                raise refuse(name, f"{about.st_size} B; at most {FILE_BYTES >> 20} MiB are read", "name a smaller one")
            return file.read(FILE_BYTES)
    except OSError as error:
        raise refuse(name, error.strerror or str(error), "see that it is there and can be read") from None


def is_code(start: bytes) -> bool:
    """Say whether a file that begins so can hold kernels; text is told by its first directives."""
    is_amd = start[:4] == MAGIC and start[18:20] == AMDGPU.to_bytes(2, "little")
    return is_amd or is_bundle(memoryview(start)) or (b"\0" not in start and any(mark in start for mark in _TEXT_MARKS))


def _read_kernels(content: memoryview, name: str) -> list[KernelStatics]:
    if is_bundle(content):
        return _read_fat(content, name)
    if bytes(content[:4]) != MAGIC:
        return _read_text(content, name)
    elf = Elf(content, name)
    if elf.machine == AMDGPU:
        return read_code_object(content, name)
    fat = [section for section in elf.sections if section.name == _FAT_SECTION and section.size]
    if not fat:
        why = "a program without code for an AMD GPU in it"
        raise refuse(name, why, "name a code object, assembly for an AMD GPU, or a program built with hipcc")
    return [kernel for section in fat for kernel in _read_fat(elf.body(section), name)]


def _read_fat(content: memoryview, name: str) -> list[KernelStatics]:
    kernels: list[KernelStatics] = []
    for target, member in read_bundles(content, name):
        # The host's member is empty, or an object of its own in a relocatable bundle.
        if "amdgcn" in target and len(member):
            kernels += read_code_object(member, f"{name}!{target}")
        if len(kernels) > KERNELS:
            raise refuse(name, f"it has more than {KERNELS} kernels")
    return kernels


def _read_text(content: memoryview, name: str) -> list[KernelStatics]:
    if len(content) > TEXT_BYTES:
        raise refuse(name, f"{len(content)} B of text; at most {TEXT_BYTES >> 20} MiB are read", "name a smaller one")
    try:
        return read_assembly_kernels(_lines(content), name)
    except UnicodeDecodeError:
        why = "neither assembly text, nor a code object, nor a fat binary"
        raise refuse(name, why, "name what the compiler left: .s, .hsaco, .o or a fat binary") from None


def _lines(content: memoryview) -> Iterator[str]:
    """Yield the lines one by one, since all at once take many times the file's size.

    Nothing but a line feed ends a line here: comments hold text of any script.
    """
    return (line.removesuffix(b"\n").decode() for line in io.BytesIO(content))

"""AMD code objects: metadata note, kernel descriptors and machine code."""

import struct

from kernel_opt.edges.isa.code_prints import CodePrints
from kernel_opt.edges.isa.elf import AMDGPU, Elf
from kernel_opt.edges.isa.elf_tables import Symbol, place_of, read_notes, read_symbols
from kernel_opt.edges.isa.kernels import Descriptor, of_note
from kernel_opt.edges.isa.limits import refuse
from kernel_opt.edges.isa.machines import MACHINES
from kernel_opt.edges.isa.metadata import KernelNote, Metadata, gfx_of, read_note
from kernel_opt.model.static_facts import KernelStatics

_METADATA = ("AMDGPU", 32)
_OLD_METADATA = ("AMD", 10)
_DESCRIPTOR_BYTES, _RSRC3_AT, _RSRC1_AT = 64, 44, 48


def read_code_object(content: memoryview, name: str) -> list[KernelStatics]:
    """Return the kernels of one code object."""
    elf = Elf(content, name)
    if elf.machine != AMDGPU:
        raise refuse(name, f"code for machine {elf.machine}, not for an AMD GPU ({AMDGPU})", "name a code object")
    metadata = _read_metadata(elf)
    gfx = gfx_of(metadata.target) or MACHINES.get(elf.flags & 0xFF)
    symbols = {symbol.name: symbol for symbol in read_symbols(elf)}
    kernels = [
        (note, symbols.get(_code_name(note)), symbols.get(f"{_code_name(note)}.kd")) for note in metadata.kernels
    ]
    prints = CodePrints(elf, gfx, [symbol for _, *both in kernels for symbol in both if symbol is not None])
    return [
        of_note(
            note,
            gfx=gfx,
            source=name,
            descriptor=None if descriptor is None else _read_descriptor(elf, descriptor),
            code_bytes=None if code is None else code.size,
            fingerprint=None if code is None else prints.take(code),
        )
        for note, code, descriptor in kernels
    ]


def _read_metadata(elf: Elf) -> Metadata:
    kinds: set[tuple[str, int]] = set()
    for owner, kind, content in read_notes(elf):
        kinds.add((owner, kind))
        if (owner, kind) == _METADATA:
            return read_note(content, elf.name)
    if _OLD_METADATA in kinds:
        raise refuse(elf.name, "a code object of version 2; 3 to 6 are read", "compile with -mcode-object-version=5")
    raise refuse(elf.name, "it holds no AMD kernel metadata", "name a code object with kernels in it")


def _code_name(note: KernelNote) -> str:
    return (note.symbol or note.name).removesuffix(".kd")


def _read_descriptor(elf: Elf, symbol: Symbol) -> Descriptor:
    body = place_of(elf, symbol)
    if len(body) != _DESCRIPTOR_BYTES:
        raise refuse(elf.name, f"the descriptor {symbol.name!r} has {len(body)} B instead of {_DESCRIPTOR_BYTES}")
    (rsrc1,), (rsrc3,) = struct.unpack_from("<I", body, _RSRC1_AT), struct.unpack_from("<I", body, _RSRC3_AT)
    return Descriptor(float_mode=rsrc1 >> 12 & 0xFF, accum_offset=((rsrc3 & 0x3F) + 1) * 4)

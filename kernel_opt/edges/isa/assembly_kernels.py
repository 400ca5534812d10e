"""Kernels out of assembly text."""

import re
from collections.abc import Iterable

from kernel_opt.edges.isa.assembly import Assembly, Body, read_assembly
from kernel_opt.edges.isa.kernels import Descriptor, of_note
from kernel_opt.edges.isa.limits import refuse
from kernel_opt.edges.isa.metadata import KernelNote, Metadata, gfx_of, read_text
from kernel_opt.model.static_facts import KernelStatics
from kernel_opt.rules.isa.fingerprint import digest, fingerprint_text, normalise
from kernel_opt.rules.isa.instruction_counts import count_instructions

_FLOAT_MODE = (
    # Bits from the lowest up, with what the assembler takes when nothing is said.
    ("float_round_mode_32", 0),
    ("float_round_mode_16_64", 0),
    ("float_denorm_mode_32", 0),
    ("float_denorm_mode_16_64", 3),
)


def read_assembly_kernels(lines: Iterable[str], name: str) -> list[KernelStatics]:
    """Return the kernels of one text."""
    text = read_assembly(lines, name)
    if not text.metadata and not text.declared:
        raise refuse(name, "it declares no AMD kernel", "name the assembly that was made for an AMD GPU")
    metadata = read_text(text.metadata, name) if text.metadata else Metadata()
    notes = metadata.kernels or [_note_of(kernel, fields) for kernel, fields in text.declared.items()]
    contents = _Contents(text)
    gfx = gfx_of(metadata.target or text.target)
    return [_read_kernel(note, text, contents, gfx, name) for note in notes]


def _read_kernel(note: KernelNote, text: Assembly, contents: "_Contents", gfx: str | None, name: str) -> KernelStatics:
    symbol = (note.symbol or note.name).removesuffix(".kd")
    body = text.bodies.get(symbol)
    code = body if body is not None and body.is_code and body.lines else None
    declared = text.declared.get(symbol)
    return of_note(
        note,
        gfx=gfx,
        source=name,
        descriptor=None if declared is None else _read_descriptor(declared),
        counts=None if code is None else count_instructions(code.lines),
        fingerprint=None if code is None else fingerprint_text(code.lines, code.labels, contents.of),
    )


class _Contents:
    """What the symbols of a text stand for, as digests; a symbol that leads to itself stands for the circle."""

    def __init__(self, text: Assembly) -> None:
        self._bodies = text.bodies
        self._known: dict[str, str] = {}
        self._open: set[str] = set()

    def of(self, symbol: str) -> str | None:
        """Return a digest of what stands under a symbol; None for one of another file."""
        body = self._bodies.get(symbol)
        if body is None:
            return None
        if symbol in self._open:
            return "<circle>"
        if symbol not in self._known:
            self._open.add(symbol)
            self._known[symbol] = f"<{digest(self._lines(body))}>"
            self._open.remove(symbol)
        return self._known[symbol]

    def _lines(self, body: Body) -> list[str]:
        return [normalise(line, place, body.labels, self.of) for place, line in enumerate(body.lines)]


def _note_of(kernel: str, declared: dict[str, str]) -> KernelNote:
    """Return what hand-written text without metadata tells of a kernel."""
    is_wave32 = _number(declared.get("wavefront_size32"))
    return KernelNote(
        name=kernel,
        vgpr_count=_number(declared.get("next_free_vgpr")),
        group_segment_fixed_size=_number(declared.get("group_segment_fixed_size")),
        private_segment_fixed_size=_number(declared.get("private_segment_fixed_size")),
        kernarg_segment_size=_number(declared.get("kernarg_size")),
        wavefront_size=None if is_wave32 is None else 32 if is_wave32 else 64,
    )


def _read_descriptor(declared: dict[str, str]) -> Descriptor:
    return Descriptor(float_mode=_float_mode(declared), accum_offset=_number(declared.get("accum_offset")))


def _float_mode(declared: dict[str, str]) -> int | None:
    values = [_number(declared.get(field, str(default))) for field, default in _FLOAT_MODE]
    known = [value for value in values if value is not None and value < 4]
    return sum(value << 2 * place for place, value in enumerate(known)) if len(known) == len(values) else None


def _number(text: str | None) -> int | None:
    """Return a plain number; newer compilers write formulas, which are left unknown."""
    found = re.fullmatch(r"0x[0-9a-fA-F]{1,8}|\d{1,9}", text or "")
    return None if found is None else int(found[0], 0)

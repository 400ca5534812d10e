"""Assembly text, line by line: what stands under each symbol, what is declared of each kernel, and the metadata."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel_opt.edges.isa.limits import KERNELS, LINE_CHARS, SYMBOLS, refuse

_LABEL = re.compile(r'(?P<name>"[^"]+"|[A-Za-z_.$@?][\w.$@?]*):(?!:)\s*')
_TYPE = re.compile(r'\.type\s+(?P<name>"[^"]+"|[^\s,]+)\s*,\s*[@%#"]?(?P<kind>\w+)')
_CODE_KINDS = frozenset({"function", "func", "stt_func"})
_DATA_KINDS = frozenset({"object", "stt_object"})
_DATA = re.compile(
    r"\.(?:byte|[248]byte|short|hword|half|value|long|word|int|quad|octa|float|double|single|ascii|asciz|string|"
    r"fill|zero|space|skip|inst)\b"
)
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|;.*|//.*|/\*.*?\*/')
_ENDS_BODY = (".size", ".section", ".text", ".data", ".bss", ".amdhsa_kernel", ".amdgpu_metadata")
_QUIET = (".debug", ".note", ".comment", ".AMDGPU")
"""Sections whose content no kernel reads."""


@dataclass(slots=True)
class Body:
    """What stands under one symbol: instructions, or data."""

    is_code: bool
    lines: list[str] = field(default_factory=list[str])
    labels: dict[str, int] = field(default_factory=dict[str, int])
    """Place among the lines that a label stands before."""


@dataclass(slots=True)
class Assembly:
    """The text, taken apart."""

    target: str | None = None
    bodies: dict[str, Body] = field(default_factory=dict[str, Body])
    declared: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """Kernel to its ``.amdhsa_`` directives."""
    metadata: list[str] = field(default_factory=list[str])


class _Reader:
    """Where in the text the reader stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = Assembly()
        self.kinds: dict[str, str] = {}
        self.body: Body | None = None
        self.kernel: dict[str, str] | None = None
        self.in_metadata = self.is_quiet = False

    def take(self, line: str) -> None:
        """Take one line in."""
        if self.in_metadata:
            self.in_metadata = line.strip() != ".end_amdgpu_metadata"
            if self.in_metadata:
                self.found.metadata.append(line)
            return
        text = _COMMENT.sub(lambda found: found[1] or "", line).strip() if _has_comment(line) else line.strip()
        while (label := _LABEL.match(text)) is not None:
            self._take_label(label["name"].strip('"'))
            text = text[label.end() :]
        if text.startswith("."):
            self._take_directive(text)
        elif text and self.body is not None and self.body.is_code:
            self.body.lines.append(text)

    def _take_label(self, name: str) -> None:
        kind = self.kinds.get(name)
        if self.is_quiet:
            return
        if kind in _CODE_KINDS or kind in _DATA_KINDS:
            if len(self.found.bodies) >= SYMBOLS:
                raise refuse(self.name, f"it has more than {SYMBOLS} symbols")
            self.body = self.found.bodies[name] = Body(is_code=kind in _CODE_KINDS)
        elif self.body is not None:
            self.body.labels[name] = len(self.body.lines)

    def _take_directive(self, text: str) -> None:
        word, _, rest = text.replace("\t", " ").partition(" ")
        if word == ".end_amdhsa_kernel":
            self.kernel = None
        elif self.kernel is not None:
            self.kernel[word.removeprefix(".amdhsa_")] = rest.strip()
        elif word in _ENDS_BODY:
            self._leave_body(word, rest.strip())
        elif word == ".type" and (found := _TYPE.match(text)):
            self.kinds[found["name"].strip('"')] = found["kind"].lower()
        elif word in {".globl", ".global"}:
            # Hand-written text often tells no more of a kernel than that it is seen from outside.
            self.kinds.setdefault(rest.strip().strip('"'), "func")
        elif word == ".amdgcn_target":
            self.found.target = rest.strip().strip('"')
        elif self.body is not None and _DATA.match(text):
            self.body.lines.append(" ".join(text.split()))

    def _leave_body(self, word: str, rest: str) -> None:
        self.body = None
        if word == ".section":
            self.is_quiet = rest.strip('"').startswith(_QUIET)
        elif word in {".text", ".data", ".bss"}:
            self.is_quiet = False
        elif word == ".amdhsa_kernel":
            if len(self.found.declared) >= KERNELS:
                raise refuse(self.name, f"it has more than {KERNELS} kernels")
            self.kernel = self.found.declared[rest.strip('"')] = {}
        elif word == ".amdgpu_metadata":
            self.in_metadata = True


def read_assembly(lines: Iterable[str], name: str) -> Assembly:
    """Take assembly text apart; refuse what ends in the middle."""
    reader = _Reader(name)
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_CHARS or "\0" in line:
            raise refuse(name, f"line {number} is no assembly text")
        reader.take(line)
    if reader.in_metadata or reader.kernel is not None:
        raise refuse(name, "cut off: its last block has no end")
    return reader.found


def _has_comment(line: str) -> bool:
    return ";" in line or "/" in line

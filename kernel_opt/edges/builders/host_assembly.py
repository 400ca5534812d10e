"""Assembly for the processor: frames, traffic with the stack, and a digest of each function."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from kernel_opt.model.compiled import HostFunction
from kernel_opt.model.errors import ReadFailedError

_TEXT_BYTES = 64 << 20
_MOST_FUNCTIONS = 256
_MOST_FILES = 4096
_TYPE = re.compile(r'\.type\s+(?P<name>"[^"]+"|[^\s,]+)\s*,\s*[@%]function')
_LABEL = re.compile(r'^(?P<name>"[^"]+"|[\w.$@]+):')
_LOCAL = re.compile(r"\.L[\w.$]+")
_FRAME = (re.compile(r"^sub[qx]?\s+\$(\d{1,9}), %rsp"), re.compile(r"^sub\s+sp, sp, #(\d{1,9})$"))
_STACK = re.compile(r"\(%r[sb]p|\[(?:sp|x29)\b")
_VECTOR = re.compile(r"%[xyz]mm\d+|\b[qvz]\d+\b")
_COMMENT = re.compile(r"\s*(?:#[^\d(-].*|//.*)$")


@dataclass(slots=True)
class _Body:
    lines: list[str] = field(default_factory=list[str])


def read_host_assembly(folder: Path) -> tuple[HostFunction, ...]:
    """Return the functions of every ``.s`` in a folder, in a fixed order."""
    found: list[HostFunction] = []
    left = _TEXT_BYTES
    for path in sorted(islice(folder.glob("*.s"), _MOST_FILES)):
        if path.is_symlink() or not path.is_file() or (left := left - path.stat().st_size) < 0:
            most = f"{_TEXT_BYTES >> 20} MiB in all are read"
            raise ReadFailedError(f"{path.name} is no assembly, or too much of it: {most}", "look at the build")
        text = path.read_text(encoding="utf-8", errors="replace")
        found += read_functions(text.splitlines())
    return tuple(found[:_MOST_FUNCTIONS])


def read_functions(lines: Iterable[str]) -> Iterator[HostFunction]:
    """Yield each function, with the constants of its file as a part of what it is."""
    known: set[str] = set()
    bodies: dict[str, _Body] = {"": _Body()}
    body = bodies[""]
    for line in lines:
        text = " ".join(_COMMENT.sub("", line).split())
        if declared := _TYPE.match(text):
            known.add(declared["name"])
        elif (label := _LABEL.match(text)) and label["name"] in known:
            body = bodies[label["name"]] = _Body()
        elif text.startswith(".size"):
            body = bodies[""]
        elif text and not _is_told_for_debuggers(text):
            body.lines.append(text)
    constants = bodies.pop("").lines
    for name, one in bodies.items():
        yield _sum_up(name, one.lines, constants)


def _is_told_for_debuggers(text: str) -> bool:
    return text.startswith((".loc", ".cfi", ".file", ".ident", ".LV", ".LB", ".LF", ".LE", ".Ldebug", ".Letext"))


def _sum_up(name: str, lines: list[str], constants: list[str]) -> HostFunction:
    instructions = [line for line in lines if not line.startswith(".") and not line.endswith(":")]
    moves = [line for line in instructions if _STACK.search(line) and not line.startswith(("lea", "add", "sub"))]
    frames = (int(match[1]) for line in instructions for rule in _FRAME if (match := rule.match(line)))
    return HostFunction(
        name=name.strip('"'),
        instructions=len(instructions),
        frame_bytes=sum(frames),
        stack_moves=len(moves),
        vector_stack_moves=sum(_VECTOR.search(line) is not None for line in moves),
        digest=_digest([*lines, *constants]),
    )


def _digest(lines: list[str]) -> str:
    """Return a digest that the compiler's numbering of its labels does not change."""
    numbers: dict[str, int] = {}
    running = hashlib.sha256()
    for line in lines:
        told = _LOCAL.sub(lambda found: f"<{numbers.setdefault(found[0], len(numbers))}>", line)
        running.update(told.encode() + b"\n")
    return running.hexdigest()[:32]

"""One digest for one sequence of instructions, whatever the compiler named things."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from kernel_opt.model.static_facts import Fingerprint, FingerprintKind

_WORD = re.compile(r'"[^"]*"|(?<![\w.$@])[A-Za-z_.$][\w.$]*')
"""A name, quoted or not; not the tail of a number, nor what follows ``@``."""
_SPACE = re.compile(r"\s+")
_DIGITS = 32
"""128 bits: no two kernels will ever meet by chance."""


def fingerprint_text(
    instructions: Sequence[str], labels: Mapping[str, int], name_content: Callable[[str], str | None]
) -> Fingerprint:
    """Return the fingerprint of a kernel's text.

    ``labels`` are places among the instructions; a jump is told by how far it goes. ``name_content`` returns what a
    symbol of the same file stands for (a table, a function), so that its name does not matter and its content does.
    """

    def lines() -> Iterable[str]:
        for place, instruction in enumerate(instructions):
            yield normalise(instruction, place, labels, name_content)

    return Fingerprint(FingerprintKind.TEXT, digest(lines()))


def normalise(
    instruction: str, place: int, labels: Mapping[str, int], name_content: Callable[[str], str | None]
) -> str:
    """Return an instruction without names and without the compiler's spacing."""
    mnemonic, _, operands = _SPACE.sub(" ", instruction.strip()).partition(" ")

    def replace(found: re.Match[str]) -> str:
        word = found[0].strip('"')
        if word in labels:
            return f"<{labels[word] - place:+d}>"
        return name_content(word) or word

    return f"{mnemonic} {_WORD.sub(replace, operands)}".rstrip()


def digest(parts: Iterable[str | bytes]) -> str:
    """Return one digest of all parts, in which their borders count."""
    running = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        running.update(len(content).to_bytes(8, "little"))
        running.update(content)
    return running.hexdigest()[:_DIGITS]

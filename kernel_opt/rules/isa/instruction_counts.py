"""How many instructions of each kind stand in a kernel."""

import re
from collections import Counter
from collections.abc import Iterable

from kernel_opt.model.static_facts import InstructionCounts
from kernel_opt.model.trace import StallKind
from kernel_opt.rules.trace.stalls import classify

_FIELDS = {
    StallKind.MFMA: "mfma",
    StallKind.VALU: "valu",
    StallKind.SALU: "salu",
    StallKind.SMEM: "smem",
    StallKind.LDS: "lds",
    StallKind.BRANCH: "branch",
    StallKind.BARRIER: "barrier",
    StallKind.VMEM_WAIT: "wait",
    StallKind.LDS_SMEM_WAIT: "wait",
    StallKind.OTHER_WAIT: "wait",
    StallKind.OTHER: "other",
}
_ATOMIC, _STORE = re.compile(r"_atomic|_cmpswap"), re.compile(r"_store")


def count_instructions(instructions: Iterable[str]) -> InstructionCounts:
    """Count each instruction once, where it stands."""
    tally = Counter(name_kind(instruction) for instruction in instructions)
    return InstructionCounts(total=tally.total(), **tally)


def name_kind(instruction: str) -> str:
    """Return the field of InstructionCounts that an instruction counts in."""
    kind = classify(instruction)
    if kind is not StallKind.VMEM:
        return _FIELDS[kind]
    mnemonic = instruction.split(None, 1)[0].lower()
    if mnemonic.startswith("scratch_"):
        return "scratch"
    if _ATOMIC.search(mnemonic):
        return "vmem_atomic"
    return "vmem_store" if _STORE.search(mnemonic) else "vmem_load"

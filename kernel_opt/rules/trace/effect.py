"""Whether an edit reached the kernels at all: what was compiled and launched, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel_opt.model.recording import Recording
from kernel_opt.rules.trace.kernel_names import base_name


@dataclass(frozen=True, slots=True)
class Ran:
    """The target kernels of one run: how they were compiled and launched."""

    isa: frozenset[tuple[str, str]]
    launches: frozenset[tuple[object, ...]]


def see_what_ran(recording: Recording, targets: Sequence[str]) -> Ran | None:
    """Return what ran; None where the compiled code of some target is not at hand."""
    prints = {name: recording.isa.get(base_name(name)) for name in targets}
    if not prints or None in prints.values():
        return None
    launches = frozenset(
        (one.kernel, one.workgroup, one.grid, one.lds_bytes, one.scratch_bytes, one.calls)
        for one in recording.launches
        if one.kernel in prints
    )
    return Ran(isa=frozenset((name, str(fingerprint)) for name, fingerprint in prints.items()), launches=launches)


def find_no_effect(best: Ran | None, candidate: Ran | None) -> str:
    """Say that an edit changed nothing of what ran; empty when it did, or when that cannot be told."""
    if best is None or candidate is None or best != candidate:
        return ""
    names = ", ".join(sorted(name for name, _ in candidate.isa))
    return (
        f"the compiled code of {names} is the same as best's, and so are its launches: the edit changes nothing that "
        "runs, or an old build was used"
    )

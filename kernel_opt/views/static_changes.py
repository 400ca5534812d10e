"""What changed between two builds, as people read it."""

from collections.abc import Iterator, Sequence

from kernel_opt.model.static_facts import KernelChange, StaticChanges
from kernel_opt.views.format import clean

_UNCHANGED_SHOWN = 12


def tell_static_changes(changes: StaticChanges, notes: Sequence[str] = ()) -> str:
    """Return the changes, the verdict first; ``notes`` are of one side alone."""
    changed = [kernel for kernel in changes.kernels if kernel.has_effect is not False]
    same = [clean(kernel.name) for kernel in changes.kernels if kernel.has_effect is False]
    lines = [_VERDICTS[changes.has_effect]]
    for kernel in changed:
        lines += _tell_kernel(kernel)
    if same:
        more = f" and {len(same) - _UNCHANGED_SHOWN} more" if len(same) > _UNCHANGED_SHOWN else ""
        lines.append(f"unchanged: {', '.join(same[:_UNCHANGED_SHOWN])}{more}")
    lines += [f"note: {clean(note)}" for note in notes]
    return "\n".join(lines) + "\n"


_VERDICTS = {
    True: "the code changed",
    False: "nothing changed: the same instructions and the same resources in every kernel",
    None: "not known whether the code changed",
}


def _tell_kernel(kernel: KernelChange) -> Iterator[str]:
    if kernel.is_new or kernel.is_gone:
        yield f"{clean(kernel.name)}: {'new' if kernel.is_new else 'gone'}"
        return
    renamed = "" if kernel.other_name is None else f" (now {clean(kernel.other_name)})"
    yield f"{clean(kernel.name)}{renamed}: {_FINGERPRINTS[kernel.same_isa]}"
    for name, (old, new) in kernel.changed.items():
        yield f"  {name.replace('_', ' ')}: {_of(old)} -> {_of(new)}{_say_difference(old, new)}"


_FINGERPRINTS = {
    True: "the same instructions",
    False: "other instructions",
    None: "no fingerprints of one kind to compare",
}


def _say_difference(old: object, new: object) -> str:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return f" ({new - old:+g})"
    return ""


def _of(value: object) -> str:
    return "?" if value is None else clean(str(value)) or "-"

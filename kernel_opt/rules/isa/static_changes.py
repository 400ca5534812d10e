"""What changed between two builds of the same kernels."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from msgspec import structs

from kernel_opt.model.static_facts import Figure, InstructionCounts, KernelChange, KernelStatics, StaticChanges, Statics

_FIGURES = (
    "gfx",
    "wave_size",
    "arch_vgpr",
    "agpr",
    "vgpr",
    "sgpr",
    "vgpr_spills",
    "sgpr_spills",
    "scratch_bytes",
    "lds_bytes",
    "kernarg_bytes",
    "max_workgroup_items",
    "float_mode",
)
_Pair = tuple[KernelStatics | None, KernelStatics | None]


def compare_statics(before: Statics, after: Statics) -> StaticChanges:
    """Return what changed, kernel by kernel: by file and name, by name, by equal code, and the one that is left."""
    kernels = tuple(_compare(old, new) for old, new in _pair(before.kernels, after.kernels))
    effects = [kernel.has_effect for kernel in kernels]
    is_certain = bool(effects) and None not in effects
    return StaticChanges(kernels=kernels, has_effect=True if True in effects else False if is_certain else None)


def _pair(before: Sequence[KernelStatics], after: Sequence[KernelStatics]) -> Iterator[_Pair]:
    left, right = list(before), list(after)
    for key in (_place, _name, _code, _bare_name):
        pairs, left, right = _match(left, right, key)
        yield from pairs
    if len(left) == len(right) == 1:
        yield left.pop(), right.pop()
    yield from ((one, None) for one in left)
    yield from ((None, one) for one in right)


def _match(
    left: list[KernelStatics], right: list[KernelStatics], key: Callable[[KernelStatics], object]
) -> tuple[list[_Pair], list[KernelStatics], list[KernelStatics]]:
    """Pair what has the same key, in order; return the pairs and what is left of each side."""
    waiting: dict[object, deque[KernelStatics]] = {}
    for one in right:
        waiting.setdefault(key(one), deque()).append(one)
    pairs: list[_Pair] = []
    rest: list[KernelStatics] = []
    for one in left:
        if key(one) is not None and (found := waiting.get(key(one))):
            pairs.append((one, found.popleft()))
        else:
            rest.append(one)
    return pairs, rest, [one for found in waiting.values() for one in found]


def _place(one: KernelStatics) -> object:
    return one.source, one.name, one.gfx


def _name(one: KernelStatics) -> object:
    """Several builds of one source may carry one name: then their order tells them apart."""
    return one.name, one.gfx


def _code(one: KernelStatics) -> object:
    return None if one.fingerprint is None else (one.fingerprint, one.gfx)


def _bare_name(one: KernelStatics) -> object:
    """The same kernel for another target."""
    return one.name


def _compare(old: KernelStatics | None, new: KernelStatics | None) -> KernelChange:
    if old is None or new is None:
        there = old or new
        name = "" if there is None else there.name
        return KernelChange(name=name, is_new=old is None, is_gone=new is None, has_effect=True)
    figures = _figures(old), _figures(new)
    changed = {name: (was, figures[1][name]) for name, was in figures[0].items() if was != figures[1][name]}
    same_isa = _same_isa(old, new)
    return KernelChange(
        name=old.name,
        other_name=None if new.name == old.name else new.name,
        same_isa=same_isa,
        has_effect=True if changed or same_isa is False else None if same_isa is None else False,
        changed=changed,
    )


def _same_isa(old: KernelStatics, new: KernelStatics) -> bool | None:
    if old.fingerprint is None or new.fingerprint is None or old.fingerprint.kind is not new.fingerprint.kind:
        return None
    # The same text may stand for other machine code on another target.
    return old.fingerprint == new.fingerprint and old.gfx == new.gfx


def _figures(kernel: KernelStatics) -> dict[str, Figure]:
    figures: dict[str, Figure] = {name: getattr(kernel, name) for name in _FIGURES}
    figures["workgroup"] = None if kernel.workgroup is None else "x".join(map(str, kernel.workgroup))
    figures["waves_per_simd"] = None if kernel.occupancy is None else kernel.occupancy.waves_per_simd
    figures["limited_by"] = None if kernel.occupancy is None else " and ".join(kernel.occupancy.limited_by)
    figures["launch_problems"] = "; ".join(kernel.launch_problems)
    counts = structs.asdict(kernel.counts) if kernel.counts else dict.fromkeys(InstructionCounts.__struct_fields__)
    return {**figures, **{f"{name} instructions": count for name, count in counts.items()}}

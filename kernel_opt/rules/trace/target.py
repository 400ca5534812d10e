"""Which kernels of a trace are the ones being tuned, through renames and splits."""

import re
from collections.abc import Iterable, Sequence

from kernel_opt.model.recording import Launch
from kernel_opt.model.trace import KernelSummary, Role, TargetKernel
from kernel_opt.rules.trace.kernel_names import foreign_source, matches, stem_names

_REDUCE = re.compile(r"reduce|combine|merge|epilogue|stage2", re.IGNORECASE)
_MIN_SHARE_PCT = 0.5
"""Of all GPU time: a kernel of the tuned files below this is a helper that no tuning would show."""
_MAX_CHOICE = 8  # names to choose from; a person reads no more


def words_of(sources: Iterable[str]) -> frozenset[str]:
    """Return every identifier in the texts of the files being tuned."""
    return frozenset(word for text in sources for word in re.findall(r"[A-Za-z_]\w*", text))


def find_targets(
    kernels: Sequence[KernelSummary], *, named: Sequence[str] = (), words: frozenset[str] = frozenset()
) -> tuple[TargetKernel, ...]:
    """Return the target kernels of the baseline's trace, the most time first; empty when none can be told.

    ``named`` are the settings' names or regular expressions; without them a target is a kernel whose name stands in
    the files being tuned (``words``), or, where no name does, the hottest one that is nobody else's.
    """
    if named:
        chosen = [
            (kernel, "named by the settings") for kernel in kernels if any(matches(n, kernel.name) for n in named)
        ]
        return _with_roles(chosen)
    own = [kernel for kernel in kernels if foreign_source(kernel.name) is None]
    if told := _find_told(own, words):
        return told
    if own:
        hottest = max(own, key=lambda kernel: kernel.total_ns)
        return _with_roles([(hottest, "the hottest kernel that is no library's")])
    return ()


def propose_targets(
    kernels: Sequence[KernelSummary], *, named: Sequence[str] = (), words: frozenset[str] = frozenset()
) -> tuple[tuple[TargetKernel, ...], str]:
    """Return the targets where they can be told, else none and a sentence with what there is to choose from."""
    if named:
        found = find_targets(kernels, named=named)
        return found, "" if found or not kernels else f"no kernel is called {' or '.join(named)}"
    own = [kernel for kernel in kernels if foreign_source(kernel.name) is None]
    if told := _find_told(own, words):
        return told, ""
    if len(own) == 1:
        return _with_roles([(own[0], "the only kernel that is no library's")]), ""
    choice = sorted(own or kernels, key=lambda kernel: -kernel.total_ns)[:_MAX_CHOICE]
    names = "; ".join(kernel.name for kernel in choice)
    return (), f"which kernel is under tuning cannot be told; name it with --kernel, one of: {names}" if names else ""


def follow_targets(
    targets: Sequence[TargetKernel],
    kernels: Sequence[KernelSummary],
    *,
    known: Iterable[str],
    words: frozenset[str] = frozenset(),
) -> tuple[TargetKernel, ...]:
    """Return the targets as they stand in a candidate's trace.

    ``known`` are all kernels of the baseline's trace. A kernel of the tuned files that was not among them is a renamed
    one when a target is gone, else a specialised one beside it. When a target is gone and no new name stands in
    the tuned files, names are made up there: then every new kernel with a share of the time is taken.
    """
    before = {target.name: target for target in targets}
    old = frozenset(known)
    present = [kernel for kernel in kernels if kernel.name in before]
    lost = [target for target in targets if target.name not in {kernel.name for kernel in present}]
    fresh = [
        kernel
        for kernel in sorted(kernels, key=lambda kernel: -kernel.total_ns)
        if kernel.name not in old and kernel.name not in before and foreign_source(kernel.name) is None
    ]
    told = [kernel for kernel in fresh if not words or _is_in(words, kernel.name)]
    fresh = told if told or not lost else [kernel for kernel in fresh if kernel.share_pct >= _MIN_SHARE_PCT]
    found = [before[kernel.name] for kernel in present]
    has_main = any(target.role is Role.MAIN for target in found)
    for kernel in fresh:
        role = _follow_role(kernel.name, lost, has_main=has_main)
        has_main = has_main or role is Role.MAIN
        why = f"new, in the place of {lost[0].name}" if lost else "new beside the known kernels"
        found.append(TargetKernel(name=kernel.name, role=role, why=why))
    return tuple(found)


def target_ns(targets: Sequence[TargetKernel], launches: Iterable[Launch]) -> int | None:
    """Return the target's time over the whole trace; None when none of its kernels ran."""
    names = {target.name for target in targets}
    times = [launch.total_ns for launch in launches if launch.kernel in names]
    return sum(times) if times else None


def _find_told(own: Sequence[KernelSummary], words: frozenset[str]) -> tuple[TargetKernel, ...]:
    told = [kernel for kernel in own if _is_in(words, kernel.name) and kernel.share_pct >= _MIN_SHARE_PCT]
    return _with_roles([(kernel, "its name stands in the files being tuned") for kernel in told])


def _is_in(words: frozenset[str], name: str) -> bool:
    return any(stem in words for stem in stem_names(name))


def _with_roles(chosen: Sequence[tuple[KernelSummary, str]]) -> tuple[TargetKernel, ...]:
    ranked = sorted(chosen, key=lambda pair: -pair[0].total_ns)
    mains = [kernel.name for kernel, _ in ranked if not _REDUCE.search(kernel.name)]
    return tuple(TargetKernel(name=kernel.name, role=_role(kernel.name, mains), why=why) for kernel, why in ranked)


def _role(name: str, mains: Sequence[str]) -> Role:
    """Name the role of a kernel of the baseline: helpers that combine are told by their names alone."""
    return Role.MAIN if name in mains or not mains else Role.REDUCE


def _follow_role(name: str, lost: Sequence[TargetKernel], *, has_main: bool) -> Role:
    if _REDUCE.search(name) and (has_main or any(target.role is Role.REDUCE for target in lost)):
        return Role.REDUCE
    return Role.SPECIALISED if has_main else Role.MAIN

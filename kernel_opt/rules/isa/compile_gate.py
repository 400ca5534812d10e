"""What compiling a candidate ahead says about it, next to best compiled in the same way."""

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from kernel_opt.model.compiled import BuildChange, BuildEnd, Built, Compiled, CompileOutcome
from kernel_opt.model.round_facts import Checked
from kernel_opt.model.stages import Broken, Drafted, Runnable
from kernel_opt.model.static_facts import KernelChange, KernelStatics, Statics
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.isa.static_changes import compare_statics
from kernel_opt.rules.trace.kernel_names import stem_names

_SPILLS = {"vgpr_spills": "VGPR spills", "sgpr_spills": "SGPR spills", "scratch_bytes": "bytes of scratch"}
_SGPR_SPILLS = 32
"""So many more scalar registers are spilled before it is doubted: they go to the lanes of vector registers, not to
memory, and the smallest wave has so many lanes; fewer cost an instruction here and there and no register."""
SETTLED = frozenset({CompileOutcome.BROKEN, CompileOutcome.CANNOT_LAUNCH, CompileOutcome.UNUSED})
"""What ends a candidate before it takes a card, as it stands."""


def weigh_builds(
    best: Sequence[Built],
    candidate: Sequence[Built],
    *,
    is_edit_compiled: bool,
    classes: Sequence[str],
    hot: Sequence[str],
) -> Compiled:
    """Return what follows; a build that best does not pass here and now says nothing of the candidate.

    ``is_edit_compiled`` says that the edit acts through compiled code alone, ``hot`` names the kernels that count.
    """
    both = [(old, new) for old, new in zip(best, candidate, strict=True) if old.end is BuildEnd.BUILT]
    pairs = [(old, new) for old, new in both if new.end is BuildEnd.BUILT]
    found = Compiled(
        outcome=CompileOutcome.FINE,
        builds=tuple(candidate),
        changes=tuple(_compare(old, new) for old, new in pairs),
        wall_s=round(sum(one.wall_s for one in candidate), 3),
    )
    for _, new in both:
        if new.end is BuildEnd.REFUSED:
            why = f"{_label(new)} does not compile: {new.why}"
            return replace(found, outcome=CompileOutcome.BROKEN, why=why, log_tail=new.log_tail)
    if problems := list(chain.from_iterable(_find_launch_problems(old, new) for old, new in pairs)):
        return replace(found, outcome=CompileOutcome.CANNOT_LAUNCH, why="; ".join(problems))
    if not pairs:
        why = "; ".join(dict.fromkeys(one.why for one in (*best, *candidate) if one.why))
        return replace(found, outcome=CompileOutcome.NOT_CHECKED, why=why)
    is_whole = is_edit_compiled and len(pairs) == len(candidate) and _cover(candidate, classes)
    if is_whole and _is_unused(pairs, found.changes):
        names = ", ".join(_label(one) for one in candidate)
        why = f"every specialisation compiles to the same code as best's ({names}): the edit changes nothing that runs"
        return replace(found, outcome=CompileOutcome.UNUSED, why=why)
    costs = [cost for (_, new), one in zip(pairs, found.changes, strict=True) for cost in _find_costs(new, one, hot)]
    return replace(found, outcome=CompileOutcome.COSTLIER, why="; ".join(costs)) if costs else found


def _label(built: Built) -> str:
    return f"{built.name} for {built.target}" if built.target else built.name


def _compare(old: Built, new: Built) -> BuildChange:
    changes = compare_statics(Statics(kernels=old.kernels), Statics(kernels=new.kernels))
    return BuildChange(name=new.name, target=new.target, changes=changes, functions=old.functions, error=old.error)


def _find_launch_problems(old: Built, new: Built) -> Iterator[str]:
    """Yield why a kernel can never be launched, where best's build has no such kernel: then it may be one for show.

    Of several variants of one kernel a tuner drops those that do not fit: that any can be launched is enough.
    """
    if any(kernel.launch_problems for kernel in old.kernels):
        return
    launchable = {stem_names(kernel.name)[-1] for kernel in new.kernels if not kernel.launch_problems}
    for kernel in new.kernels:
        for problem in kernel.launch_problems if stem_names(kernel.name)[-1] not in launchable else ():
            yield f"{_label(new)}: {kernel.name} cannot be launched: {problem}"


def _is_unused(pairs: Sequence[tuple[Built, Built]], changes: Sequence[BuildChange]) -> bool:
    """Say whether every build is the same in everything that is known of it."""
    return all(
        _is_same_host(old, new) if new.functions or old.functions else one.changes.has_effect is False
        for (old, new), one in zip(pairs, changes, strict=True)
    )


def _is_same_host(old: Built, new: Built) -> bool:
    known = sorted((one.name, one.digest) for one in old.functions)
    return bool(known) and known == sorted((one.name, one.digest) for one in new.functions)


def _cover(builds: Sequence[Built], classes: Sequence[str]) -> bool:
    """Say whether every config class is stood for by some build."""
    return all(any(stands_for(one, key) for one in builds) for key in classes)


def stands_for(built: Built, key: str) -> bool:
    """Say whether a class runs this build."""
    return not built.classes or matches_any(key, built.classes) is not None


def _find_costs(new: Built, one: BuildChange, hot: Sequence[str]) -> Iterator[str]:
    named = {kernel.name: kernel for kernel in new.kernels}
    for change in one.changes.kernels:
        kernel = named.get(change.other_name or change.name)
        if kernel is not None:
            yield from _tell_costs(_label(new), change, kernel, is_hot=_is_hot(kernel.name, hot, named))


def _is_hot(name: str, hot: Sequence[str], named: dict[str, KernelStatics]) -> bool:
    """Say whether a kernel is under tuning; where none of the build's is known to be, all are."""
    known = [one for one in named if any(one.startswith(target) or target.startswith(one) for target in hot)]
    return not known or name in known


def _tell_costs(label: str, change: KernelChange, kernel: KernelStatics, *, is_hot: bool) -> Iterator[str]:
    for field, words in _SPILLS.items():
        old, new = change.changed.get(field, (0, 0))
        least = _SGPR_SPILLS if field == "sgpr_spills" else 1
        if isinstance(old, int) and isinstance(new, int) and new - old >= least:
            yield f"{label}: {kernel.name} has {new} {words}, best's {old}"
    old, new = change.changed.get("waves_per_simd", (None, None))
    if is_hot and isinstance(old, int | float) and isinstance(new, int | float) and new < old:
        step = kernel.occupancy.next_step if kernel.occupancy else ""
        yield f"{label}: {kernel.name} fits {new:g} waves per SIMD, best's {old:g}" + (f" ({step})" if step else "")


def after_check(stage: Drafted, fact: Checked) -> Runnable | Broken:
    """Return where an allowed edit stands; what got costlier is doubted once."""
    compiled = fact.compiled
    if compiled is not None and compiled.outcome in SETTLED:
        kind, trivial = compiled.outcome.value, compiled.outcome is not CompileOutcome.UNUSED
        return Broken(stage.hypothesis, fact.candidate, kind, compiled.why, trivial, stage.tries, compiled.log_tail)
    is_doubted = compiled is not None and compiled.outcome is CompileOutcome.COSTLIER and not stage.tries.looks
    return Runnable(stage.hypothesis, fact.candidate, stage.tries, compiled.why if compiled and is_doubted else "")

"""Whether a split is one: the gaining classes run the specialised kernel, all others run what best runs."""

from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.rules.trace.attribution import Attribution


def find_unproved(
    targets: Sequence[str], classes: Sequence[ConfigClass], split: Attribution | None, best: Attribution | None
) -> str | None:
    """Return in words what the trace does not show of the dispatch, or None when it is proved."""
    if split is None or best is None or not split.is_certain or not best.is_certain:
        return "the trace does not tell which class ran which kernel"
    known = {kernel for row in best.rows for kernel in row.kernels}
    ran = {row.config: set(row.kernels) for row in split.rows}
    for one in classes:
        kernels = [ran.get(config, set[str]()) for config in one.configs]
        if one.key in targets and not all(found - known for found in kernels):
            return f"{one.key} does not run a kernel of its own"
        strange = {kernel for found in kernels for kernel in found - known}
        if one.key not in targets and strange:
            return f"{one.key} is not a class that gains, and runs {', '.join(sorted(strange))}"
    return None

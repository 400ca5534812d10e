"""When a run looks elsewhere than at best's hottest place."""

from msgspec import Struct

from kernel_opt.model.amounts import Count


class ExploreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a run looks elsewhere than at best's hottest place."""

    patience: Count = 2
    """Tries without a keep before another direction is asked for, and again for each next one; 0: never. With two,
    other bottlenecks and other classes both get their turn before five regressions in a row end the run."""
    probe_every: Count = 0
    """Every so many tries without a keep one may be a probe: wrong on purpose, to learn what a cost is worth, never
    kept. 0: none; worth it where ideas are dearer than a run of the benchmark."""

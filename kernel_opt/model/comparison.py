"""Two commits of one target, timed next to each other on one card."""

from msgspec import Struct

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.verdict import Outcome, Verdict

FINE = frozenset({Outcome.BETTER, Outcome.TIE})
"""Nothing got slower."""


class Side(Struct, frozen=True, kw_only=True):
    """One of the two."""

    name: str
    """As a person said it."""
    commit: str
    """Its SHA; that of a tree where it was never committed."""


class Comparison(Struct, frozen=True, kw_only=True):
    """What B is against A: in the measurement A stands in the place of best, B in that of the candidate."""

    a: Side
    b: Side
    verdict: Verdict
    measurement: Measurement
    classes: tuple[ConfigClass, ...]
    card: str
    gpu_s: float
    notes: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        """Say whether B is shown to be faster or as fast."""
        return self.verdict.outcome in FINE

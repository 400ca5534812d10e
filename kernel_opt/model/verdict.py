"""What a measurement came to, per class and for the whole."""

from enum import Enum

from msgspec import Struct

from kernel_opt.model.measurement import Metric


class Outcome(Enum):
    """The five ends of a measurement."""

    BETTER = "better"
    WORSE = "worse"
    TIE = "tie"
    UNCLEAR = "unclear"
    DIVERGING = "diverging"


class Term(Struct, frozen=True, kw_only=True):
    """One comparison on a config column."""

    column: str
    operator: str
    """One of ``==``, ``!=``, ``<=``, ``>=``, ``in``."""
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return it as written in a dispatch."""
        if self.operator == "in":
            return f"{self.column} in ({', '.join(self.values)})"
        return f"{self.column} {self.operator} {self.values[0]}"


class Condition(Struct, frozen=True, kw_only=True):
    """Which configs take the specialised kernel: all terms hold."""

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        """Return it as written in a dispatch."""
        return " and ".join(term.text for term in self.terms)


class ClassVerdict(Struct, frozen=True, kw_only=True):
    """How one config class fared; times are candidate over best, below 1 is faster."""

    key: str
    outcome: Outcome
    ratio: float | None
    """None when no pair of this class could be read."""
    interval: tuple[float, float] | None
    """95 % interval of the ratio."""
    evidence: float
    """Natural log of the odds for a gain (positive numbers speak for it); 3.9 is 50 to 1."""
    pairs: int
    detectable_pct: float | None
    """Smallest change that this class's noise lets through within the cap of pairs."""


class Verdict(Struct, frozen=True, kw_only=True):
    """How the candidate fared against best."""

    outcome: Outcome
    metric: Metric
    targets: tuple[str, ...]
    """Class keys; empty means global."""
    classes: tuple[ClassVerdict, ...]
    target_ratio: float | None
    target_interval: tuple[float, float] | None
    overall_ratio: float | None
    """Geometric mean over the classes, or the whole kernel's GPU time."""
    overall_interval: tuple[float, float] | None
    gain_pct: float
    """Recorded gain of the target: shrunk towards 0 by its own uncertainty, 0 unless better."""
    evidence: float
    pairs: int
    runs: int
    """Benchmark invocations spent, redone ones included."""
    sentence: str
    condition: Condition | None = None
    """For diverging: what tells the gaining classes from the losing ones."""

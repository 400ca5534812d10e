"""One candidate on one machine: what every rule may run, and what it may answer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from bench.judge.noise import Array, Machine

CLASSES = 8
TARGET = 0  # Index of the class that candidates aim at.
BASE_US = 100.0


@dataclass
class Trial:
    """Best and candidate on one machine; gains are ln(best) - ln(candidate), one per class."""

    machine: Machine
    gains: Array
    level: Array = field(default_factory=lambda: np.full(CLASSES, np.log(BASE_US)))
    """True ln time of best."""
    runs: int = 0

    def best(self) -> Array:
        """Run best once."""
        self.runs += 1
        return self.level + self.machine.run()

    def candidate(self) -> Array:
        """Run the candidate once."""
        self.runs += 1
        return self.level - self.gains + self.machine.run()


@dataclass(frozen=True)
class Decision:
    """What a rule made of a trial."""

    kept: bool
    worse: bool = False
    claim: float = 0.0
    """Gain of the target that would be recorded, in ln."""


class Rule(ABC):
    """A rule with the memory it has between rounds."""

    name = ""

    def start(self, trial: Trial) -> None:  # noqa: B027 -- most rules need not
        """See the baseline before the first candidate."""

    @abstractmethod
    def decide(self, trial: Trial) -> Decision:
        """Measure and decide."""

    def moved(self) -> None:  # noqa: B027 -- most rules need not
        """Hear that the candidate just kept is best now."""

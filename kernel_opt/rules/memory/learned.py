"""What a round taught: its prediction held against what was measured, and what a whole run's predictions were worth."""

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction
from kernel_opt.model.lesson import Finding
from kernel_opt.model.state import Trial
from kernel_opt.model.verdict import Outcome, Verdict

_SEEN = {Outcome.BETTER: Direction.FASTER, Outcome.TIE: Direction.SAME, Outcome.WORSE: Direction.SLOWER}
_SIGNS = {Direction.FASTER: 1.0, Direction.SAME: 0.0, Direction.SLOWER: -1.0}


class Calibration(Struct, frozen=True, kw_only=True):
    """What the predictions of a run were worth; only those that were measured count."""

    confirmed: int = 0
    refuted: int = 0
    inconclusive: int = 0
    sized: int = 0
    """Of them, how many named a size."""
    factor: float | None = None
    """Median of measured over predicted change; 1 is a proposer that knows, 0 one that knows nothing."""

    @property
    def total(self) -> int:
        """How many predictions were measured."""
        return self.confirmed + self.refuted + self.inconclusive


def find_finding(hypothesis: Hypothesis | None, verdict: Verdict | None) -> Finding:
    """Say what became of a prediction; without numbers nothing is refuted."""
    seen = _SEEN.get(verdict.outcome) if verdict else None
    if hypothesis is None or verdict is None or seen is None:
        return Finding.INCONCLUSIVE
    wanted = hypothesis.prediction
    if seen is wanted.direction:
        return Finding.CONFIRMED
    if seen is Direction.SAME and wanted.size_pct is not None and not _rules_out(verdict, wanted.size_pct):
        return Finding.INCONCLUSIVE
    return Finding.REFUTED


def _rules_out(verdict: Verdict, size_pct: float) -> bool:
    """Say whether a change of this size, either way, lies outside what was measured."""
    if verdict.target_interval is None:
        return False
    return max(abs(100 * (1 - ratio)) for ratio in verdict.target_interval) < abs(size_pct)


def predicted_gain_pct(prediction: Prediction) -> float | None:
    """Return the predicted change as a gain: positive is faster; None when no size was named."""
    if prediction.size_pct is None:
        return None
    return _SIGNS[prediction.direction] * abs(prediction.size_pct)


def calibrate(trials: Sequence[Trial]) -> Calibration:
    """Hold all predictions of a run against what was measured."""
    measured = [one for one in trials if one.gain_pct is not None]
    found = [one.finding for one in measured]
    sized = [(one.predicted_pct, one.gain_pct) for one in measured]
    return Calibration(
        confirmed=found.count(Finding.CONFIRMED),
        refuted=found.count(Finding.REFUTED),
        inconclusive=found.count(Finding.INCONCLUSIVE),
        sized=sum(1 for predicted_pct, _ in sized if predicted_pct),
        factor=find_factor(sized),
    )


def find_factor(pairs: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Return the median of measured over predicted gain, over those that have both; None: there are none."""
    factors = [measured / predicted for predicted, measured in pairs if predicted and measured is not None]
    return median(factors) if factors else None

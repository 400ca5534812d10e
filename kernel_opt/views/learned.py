"""What a round taught: the prediction held against what was measured."""

from dataclasses import dataclass
from enum import Enum

from kernel_opt.model.hypothesis import Direction, Hypothesis
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.views.format import gain_text
from kernel_opt.views.gains import of_interval


class Finding(Enum):
    """What became of a prediction."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A prediction against its outcome."""

    finding: Finding
    predicted: str
    measured: str


_SEEN = {Outcome.BETTER: Direction.FASTER, Outcome.TIE: Direction.SAME, Outcome.WORSE: Direction.SLOWER}


def learn(hypothesis: Hypothesis | None, verdict: Verdict | None) -> Lesson:
    """Hold a hypothesis against its verdict; without numbers nothing is refuted."""
    return Lesson(_finding(hypothesis, verdict), _predicted(hypothesis), _measured(verdict))


def _finding(hypothesis: Hypothesis | None, verdict: Verdict | None) -> Finding:
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


def _predicted(hypothesis: Hypothesis | None) -> str:
    if hypothesis is None:
        return "nothing"
    size = hypothesis.prediction.size_pct
    amount = f"{size:g} % " if size and hypothesis.prediction.direction is not Direction.SAME else ""
    return f"{amount}{hypothesis.prediction.direction.value}"


def _measured(verdict: Verdict | None) -> str:
    return "not measured" if verdict is None else change_text(verdict.target_ratio, verdict.target_interval)


def change_text(ratio: float | None, interval: tuple[float, float] | None) -> str:
    """Write candidate over best as `6.2 ± 0.4 % faster` or `slower`."""
    gain = of_interval(ratio, interval, "")
    if gain.gain_pct is None:
        return "not measured"
    if gain.gain_pct == 0:
        return f"the same ({gain_text(0.0, gain.uncertainty_pct)})"
    word = "faster" if gain.gain_pct > 0 else "slower"
    return f"{gain_text(abs(gain.gain_pct), gain.uncertainty_pct)} {word}"

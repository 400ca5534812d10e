"""What a round taught: the prediction held against what was measured."""

from dataclasses import dataclass

from kernel_opt.model.hypothesis import Direction, Hypothesis
from kernel_opt.model.lesson import Finding
from kernel_opt.model.verdict import Verdict
from kernel_opt.rules.memory.learned import find_finding
from kernel_opt.views.format import gain_text
from kernel_opt.views.gains import of_interval


@dataclass(frozen=True, slots=True)
class Lesson:
    """A prediction against its outcome."""

    finding: Finding
    predicted: str
    measured: str


def learn(hypothesis: Hypothesis | None, verdict: Verdict | None) -> Lesson:
    """Hold a hypothesis against its verdict; without numbers nothing is refuted."""
    return Lesson(find_finding(hypothesis, verdict), _predicted(hypothesis), _measured(verdict))


def _predicted(hypothesis: Hypothesis | None) -> str:
    if hypothesis is None:
        return "nothing"
    size = hypothesis.prediction.size_pct
    amount = f"{size:g} % " if size and hypothesis.prediction.direction is not Direction.SAME else ""
    return f"{amount}{hypothesis.prediction.direction.value}"


def _measured(verdict: Verdict | None) -> str:
    return "not measured" if verdict is None else change_text(verdict.target_ratio, verdict.target_interval)


def change_text(ratio: float | None, interval: tuple[float, float] | None) -> str:
    """Write candidate over best as `6.2 ± 0.4 % faster` or `slower`; that neither is shown comes first."""
    gain = of_interval(ratio, interval, "")
    if gain.gain_pct is None:
        return "not measured"
    text = figure_text(ratio, interval)
    is_shown = gain.uncertainty_pct is None or abs(gain.gain_pct) > gain.uncertainty_pct
    return text if is_shown else f"no change shown ({text})"


def figure_text(ratio: float | None, interval: tuple[float, float] | None) -> str:
    """Write the figure alone, where its outcome stands beside it."""
    gain = of_interval(ratio, interval, "")
    if gain.gain_pct is None:
        return "not measured"
    word = "" if gain.gain_pct == 0 else " faster" if gain.gain_pct > 0 else " slower"
    return f"{gain_text(abs(gain.gain_pct), gain.uncertainty_pct)}{word}"

"""Puts a decision into a verdict: figures per class and for the whole, and one plain sentence."""

import math
from collections.abc import Sequence

from kernel_opt.model.measurement import Metric
from kernel_opt.model.verdict import ClassVerdict, Condition, Outcome, Verdict
from kernel_opt.rules.judge.case import Case
from kernel_opt.rules.judge.evidence import Estimate, estimate, gain_evidence, loss_evidence
from kernel_opt.rules.judge.series import Series
from kernel_opt.rules.judge.split import separating_condition
from kernel_opt.rules.judge.stats import pct_of, ratio_of, shrink
from kernel_opt.rules.judge.times import Times

DETECTABLE_SDS = 1.4  # Effect that 95 of 100 measurements show, in standard deviations of a difference ...
DETECTABLE_PAIRS = 16  # ... within so many pairs (benchmarked).

_METRIC_WORDS = {
    Metric.GPU: "GPU time",
    Metric.GPU_WHOLE: "the kernel's GPU time over the whole run",
    Metric.SCRIPT: "script time",
}


def detectable_pct(sd: float, max_pairs: int) -> float:
    """Return the smallest change that a class with this noise shows within the cap of pairs."""
    return 100 * DETECTABLE_SDS * sd * math.sqrt(DETECTABLE_PAIRS / max(1, max_pairs))


def tell(case: Case, outcome: Outcome, because: str = "", blocked: Sequence[str] = ()) -> Verdict:
    """Return the verdict with its figures."""
    target, overall = estimate(case.target), estimate(case.overall)
    known = dict.fromkeys(blocked, Outcome.WORSE)
    if len(case.targets) == 1 and outcome in {Outcome.BETTER, Outcome.DIVERGING}:
        known[case.targets[0]] = Outcome.BETTER
    classes = tuple(judge_class(key, series, case, known.get(key)) for key, series in case.sides.items())
    condition = _condition(case, classes) if outcome is Outcome.DIVERGING else None
    gain = target.gain if target is not None and outcome in {Outcome.BETTER, Outcome.DIVERGING} else 0.0
    return Verdict(
        outcome=outcome,
        metric=case.metric,
        targets=case.targets,
        classes=classes,
        target_ratio=_ratio(target),
        target_interval=_interval(target),
        overall_ratio=_ratio(overall),
        overall_interval=_interval(overall),
        gain_pct=max(0.0, pct_of(shrink(gain, target.error))) if target is not None else 0.0,
        evidence=_evidence(case.target, case.least),
        pairs=case.pairs,
        runs=len(case.times.measurement.runs),
        sentence=_sentence(case, outcome, because, blocked, condition),
        condition=condition,
    )


def no_verdict(times: Times, targets: Sequence[str], why: str) -> Verdict:
    """Return the verdict of a measurement that cannot be read: never better."""
    return Verdict(
        outcome=Outcome.UNCLEAR,
        metric=times.metric,
        targets=tuple(targets),
        classes=(),
        target_ratio=None,
        target_interval=None,
        overall_ratio=None,
        overall_interval=None,
        gain_pct=0.0,
        evidence=0.0,
        pairs=0,
        runs=len(times.measurement.runs),
        sentence=f"Unclear: {why}.",
    )


def judge_class(key: str, series: Series, case: Case, known: Outcome | None = None) -> ClassVerdict:
    """Return how one class fared, by its pairs alone unless the outcome is known."""
    found = estimate(series)
    return ClassVerdict(
        key=key,
        outcome=known or _class_outcome(series, found, case),
        ratio=_ratio(found),
        interval=_interval(found),
        evidence=_evidence(series, case.least),
        pairs=len(series.differences),
        detectable_pct=detectable_pct(series.sd, case.limits.max_pairs),
    )


def _class_outcome(series: Series, found: Estimate | None, case: Case) -> Outcome:
    if found is None or len(series.differences) < 2:
        return Outcome.UNCLEAR
    likelihoods = series.likelihoods
    if gain_evidence(likelihoods, case.least) >= case.bar:
        return Outcome.BETTER
    if loss_evidence(likelihoods, case.least) >= case.bar:
        return Outcome.WORSE
    within = -2 * case.least < found.interval[0] and found.interval[1] < 2 * case.least
    return Outcome.TIE if within else Outcome.UNCLEAR


def _evidence(series: Series, least: float) -> float:
    return gain_evidence(series.likelihoods, least) if series.differences else 0.0


def _ratio(found: Estimate | None) -> float | None:
    return None if found is None else ratio_of(found.gain)


def _interval(found: Estimate | None) -> tuple[float, float] | None:
    return None if found is None else (ratio_of(found.interval[1]), ratio_of(found.interval[0]))


def _condition(case: Case, classes: Sequence[ClassVerdict]) -> Condition | None:
    columns = {one.key: one.columns for one in case.times.classes}
    losing = [one.key for one in classes if one.outcome is Outcome.WORSE]
    gaining = [one.key for one in classes if one.outcome is Outcome.BETTER]
    gaining += [key for key in case.targets if key not in gaining and key not in losing]
    return separating_condition([columns[key] for key in gaining], [columns[key] for key in losing])


def _sentence(case: Case, outcome: Outcome, because: str, blocked: Sequence[str], condition: Condition | None) -> str:
    head = f"{outcome.value.capitalize()}: {because or _finding(case, outcome)}"
    parts = [f"{head}, over {_count(case.pairs, 'pair')} ({_count(len(case.times.measurement.runs), 'run')})"]
    if blocked:
        parts.append(f"{_names(blocked)} clearly slower")
    if condition is not None:
        parts.append(f"what separates them is {condition.text}")
    if outcome not in {Outcome.BETTER, Outcome.DIVERGING} and case.metric is not Metric.SCRIPT and _script_gains(case):
        parts.append("faster by script time but not by GPU time, so it is not kept")
    return "; ".join(parts) + "."


def _finding(case: Case, outcome: Outcome) -> str:
    where = _names(case.targets) if case.targets else "over all classes"
    words = f"{_METRIC_WORDS[case.metric]} of {where}" if case.targets else f"{_METRIC_WORDS[case.metric]} {where}"
    found = estimate(case.target)
    if found is None:
        return f"{words} was not measured"
    low, high = (pct_of(value) for value in found.interval)
    change = f"{words} changed by {-pct_of(found.gain):+.1f} % ({-high:+.1f} to {-low:+.1f} %)"
    if case.pairs == 0:
        change += " against what best took before on this card"
    tails = {
        Outcome.TIE: f", no gain worth keeping (least effect {case.limits.min_effect_pct:g} %)",
        Outcome.UNCLEAR: ", not enough evidence either way",
    }
    return change + tails.get(outcome, "")


def _script_gains(case: Case) -> bool:
    return case.pairs > 1 and gain_evidence(case.script.likelihoods, case.least) >= case.bar


def _names(keys: Sequence[str]) -> str:
    shown = "; ".join(keys[:3])
    return shown if len(keys) <= 3 else f"{shown} and {len(keys) - 3} more"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

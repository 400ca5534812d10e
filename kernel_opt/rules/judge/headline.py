"""The one gain that may be claimed: baseline against best, measured afresh and never summed up from rounds."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.case import Case, check_question
from kernel_opt.rules.judge.evidence import estimate
from kernel_opt.rules.judge.plan import find_redo, next_arm
from kernel_opt.rules.judge.stats import pct_of
from kernel_opt.rules.judge.telling import no_verdict, tell
from kernel_opt.rules.judge.times import Times

HEADLINE_PAIRS = 6  # 12 runs every ten keeps are cheap, and more than halve the error of one pair.


def remeasure_headline(
    measurement: Measurement, classes: Sequence[ConfigClass], limits: JudgeLimits | None = None
) -> RunArm | Redo | Verdict:
    """Ask for runs until there are six pairs, then tell the gain; the baseline stands in the place of best."""
    limits = limits or JudgeLimits()
    check_question(classes, ())
    if not measurement.runs:
        return RunArm(arm=Arm.CANDIDATE, reason="baseline against best, measured afresh")
    case = lay_out(measurement, classes, limits)
    if not isinstance(case, Case):
        return case
    found = estimate(case.target)
    if found is None or case.pairs < HEADLINE_PAIRS:
        return next_arm(case, f"pair {case.pairs + 1} of {HEADLINE_PAIRS}, baseline against best")
    low, high = found.interval
    outcome = Outcome.BETTER if low > 0 else Outcome.WORSE if high < 0 else Outcome.UNCLEAR
    # Measured for itself and not chosen for being large, so nothing is taken off.
    return replace(tell(case, outcome), gain_pct=max(0.0, pct_of(found.gain)))


def lay_out(measurement: Measurement, classes: Sequence[ConfigClass], limits: JudgeLimits) -> Case | Redo | Verdict:
    """Lay all runs out for a look without any bank; a run to do again comes first, or that they cannot be read."""
    times = Times(measurement, classes)
    known = Bank().on_card(times.card)
    redo = find_redo(times, known, limits)
    if redo is not None:
        return redo
    why = times.unusable()
    return Case(times, known, (), limits) if why is None else no_verdict(times, (), why)


def find_loss(verdict: Verdict, claimed: float, limits: JudgeLimits) -> str:
    """Return why what was kept does not hold; empty when it does, or when it cannot be told just now.

    ``claimed`` is best over baseline by the verdicts of its keeps, each chosen for looking good: half of that gain,
    as logarithms go, is what must be left at the favourable end of the interval.
    """
    if verdict.overall_interval is None:
        return ""
    least = math.sqrt(claimed) * (1 + limits.min_effect_pct / 100)
    if verdict.overall_interval[0] <= least:
        return ""
    return f"kept as {claimed:.3g} times the baseline's time, measured afresh it is not: {verdict.sentence}"

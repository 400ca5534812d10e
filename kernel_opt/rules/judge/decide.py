"""What next: one more run, a run again, or the verdict.

Runs of best and candidate alternate on one card and are compared pair by pair, class by class. After every run the
evidence is weighed: enough for a gain and no other class slower is a keep; enough against a worthwhile gain ends it
early. The bank of earlier runs may only help to discard.
"""

import math
from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits, Preset, Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.case import Case, check_question
from kernel_opt.rules.judge.evidence import (
    anchored_loss_evidence,
    estimate,
    futility_evidence,
    gain_evidence,
    side_effect_evidence,
)
from kernel_opt.rules.judge.gain import first_gain, has_gained
from kernel_opt.rules.judge.plan import find_redo, next_arm
from kernel_opt.rules.judge.series import Series
from kernel_opt.rules.judge.strict import next_strict
from kernel_opt.rules.judge.telling import no_verdict, tell
from kernel_opt.rules.judge.times import Times

_FUTILE = math.log(20)  # A wrong discard costs one idea, a wrong keep stays: 20 to 1 is enough to stop.
_FUTILE_FIRST = math.log(45)  # After a single run only the bank speaks, and it may be stale.
_LOSS_BAR = math.log(50)  # A regression counts towards stopping the run.
_SIDE_RISK = 0.05  # Chance of blaming any innocent class, over all of them.
_SIDE_DOUBT = -0.5  # Above this a class is not yet shown to be unharmed.
_SIDE_PAIRS = 4  # Pairs spent at most on such doubt, twice as many on one that looks severe.
_REPEATED_PAIRS = 4  # A gain here with a loss there must show in so many pairs before the kernel is split.
_SEEMS = 3.0  # Standard errors at which a class is worth more pairs, for a first look only.

Next = RunArm | Redo | Verdict


def next_measurement(
    measurement: Measurement,
    bank: Bank,
    classes: Sequence[ConfigClass],
    targets: Sequence[str] = (),
    limits: JudgeLimits | None = None,
) -> Next:
    """Answer what to measure next, or the verdict. No target means global."""
    limits = limits or JudgeLimits()
    check_question(classes, targets)
    if not measurement.runs:
        return RunArm(arm=Arm.CANDIDATE, reason="first look at the candidate")
    times = Times(measurement, classes)
    known = bank.on_card(times.card)
    redo = find_redo(times, known, limits)
    if redo is not None:
        return redo
    why = times.unusable()
    if why is not None:
        return no_verdict(times, targets, why)
    case = Case(times, known, targets, limits)
    return next_strict(case) if limits.preset is Preset.PROTOCOL_STRICT else _weigh(case)


def _weigh(case: Case) -> Next:
    if has_gained(case.target, case):
        return _settle_gain(case)
    losing = _is_worse(case)
    futile = _is_futile(case)
    # A loss is a loss against best as it runs now; and what the bank says alone is believed once, then looked at.
    if not case.target.best and (losing or (futile and not case.is_bank_fresh)):
        return RunArm(arm=Arm.BEST, reason="slower than best was: best beside it, as it runs now")
    if not (futile or losing) and case.pairs < case.limits.max_pairs:
        return next_arm(case, "the evidence is not yet enough either way")
    if not case.targets and (mixed := _settle_mixed(case)) is not None:
        return mixed
    if losing:
        return tell(case, Outcome.WORSE)
    return tell(case, Outcome.TIE if futile else Outcome.UNCLEAR)


def _settle_gain(case: Case) -> Next:
    """See that no other class pays for the gain."""
    if not case.may_keep:
        return tell(case, Outcome.UNCLEAR, "faster by script time, but no GPU time was measured: not kept")
    harm = {key: side_effect_evidence(case.sides[key].likelihoods, case.least) for key in case.watched}
    bar = side_bar(case)
    blocked = [key for key, value in harm.items() if value >= bar]
    room = case.pairs < case.limits.max_pairs
    if blocked:
        if case.pairs < _REPEATED_PAIRS and room:
            return next_arm(case, f"{blocked[0]} seems to lose; a loss must repeat")
        return tell(case, Outcome.DIVERGING, blocked=blocked)
    doubtful = [key for key, value in harm.items() if value > _SIDE_DOUBT]
    spend = 2 * _SIDE_PAIRS if _looks_severe(case) else _SIDE_PAIRS
    if doubtful and room and case.pairs < first_gain(case) + spend:
        return next_arm(case, f"the target gains; {doubtful[0]} is not yet shown to be unharmed")
    return tell(case, Outcome.BETTER)


def _settle_mixed(case: Case) -> Next | None:
    """Nothing gained over all: look for classes that gain while others lose."""
    if case.pairs < min(_REPEATED_PAIRS, case.limits.max_pairs):
        return next_arm(case, "some classes seem to gain while others lose") if _looks_mixed(case) else None
    bar = case.bar + math.log(len(case.sides))
    winning = [key for key, side in case.sides.items() if gain_evidence(side.likelihoods, case.least) >= bar]
    losing = _harmed(case)
    return tell(case, Outcome.DIVERGING, blocked=losing) if winning and losing else None


def _looks_mixed(case: Case) -> bool:
    found = [one for side in case.sides.values() if (one := estimate(side)) is not None]
    return any(one.gain > _SEEMS * one.error for one in found) and any(one.gain < -_SEEMS * one.error for one in found)


def _looks_severe(case: Case) -> bool:
    found = [estimate(case.sides[key]) for key in case.watched]
    return any(one is not None and one.gain <= -case.limits.severe_pct / 100 for one in found)


def _harmed(case: Case) -> list[str]:
    bar = side_bar(case)
    return [key for key in case.watched if side_effect_evidence(case.sides[key].likelihoods, case.least) >= bar]


def side_bar(case: Case) -> float:
    """Return the evidence at which a watched class counts as harmed, the more classes the higher."""
    return math.log(max(1, len(case.watched)) / _SIDE_RISK)


def _is_futile(case: Case) -> bool:
    if not case.target.candidate:
        return False
    alone = len(case.target.best) + len(case.target.candidate) == 1
    found = futility_evidence(case.target, case.least)
    return found >= (_FUTILE_FIRST if alone else _FUTILE)


def _is_worse(case: Case) -> bool:
    if not case.target.candidate:
        return False
    swapped = Series(case.target.candidate, case.target.best, case.target.bank_sd, case.target.bank_weight)
    if has_gained(swapped, case):
        return True
    # The pairs must show it, too: to a bank of another state of the machine both builds look slow.
    found = estimate(case.target)
    is_seen = found is None or found.gain <= -case.least
    return is_seen and anchored_loss_evidence(case.target, case.least) >= _LOSS_BAR

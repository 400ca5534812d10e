"""The protocol's plain rule to the letter: one run each, and a second look below the least effect."""

from kernel_opt.model.judging import RunArm
from kernel_opt.model.measurement import Arm
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.case import Case
from kernel_opt.rules.judge.telling import tell

_MOST_PAIRS = 2  # "Twice in a row".


def next_strict(case: Case) -> RunArm | Verdict:
    """Decide on one pair, on two where the first is below the least effect or a class must be shown to lose again."""
    differences = case.target.differences
    if len(case.target.candidate) > len(case.target.best):
        return RunArm(arm=Arm.BEST, reason="best, next to it")
    if case.pairs == 0 or len(case.target.best) > len(case.target.candidate):
        return RunArm(arm=Arm.CANDIDATE, reason="the candidate, next to it")
    if abs(differences[0]) < case.least and case.pairs < _MOST_PAIRS:
        return RunArm(arm=Arm.CANDIDATE, reason="below the least effect: the same direction must show twice in a row")
    same_way = all(value > 0 for value in differences) or all(value < 0 for value in differences)
    if not same_way and abs(differences[0]) < case.least:
        return tell(case, Outcome.TIE)
    return _settle_gain(case) if differences[0] > 0 else tell(case, Outcome.WORSE)


def _settle_gain(case: Case) -> RunArm | Verdict:
    if not case.may_keep:
        return tell(case, Outcome.UNCLEAR, "faster by script time, but no GPU time was measured: not kept")
    losing = [key for key in case.watched if all(gap < -case.least for gap in case.sides[key].differences)]
    if not losing:
        return tell(case, Outcome.BETTER)
    if case.pairs < _MOST_PAIRS:
        return RunArm(arm=Arm.CANDIDATE, reason=f"{losing[0]} seems to lose; a loss must repeat")
    return tell(case, Outcome.DIVERGING, blocked=losing)

"""Two builds compared for their own sake: nothing is to be kept or dropped, so gain and loss are shown alike.

The judge of a round ends early on what is not worth a commit. Here the figure itself is asked for: it takes as many
pairs as the headline at least, whatever the preset, so that it is not told the moment luck makes it large, and more
until it is settled.
"""

import math
from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.case import Case, check_question
from kernel_opt.rules.judge.evidence import estimate, gain_evidence, loss_evidence
from kernel_opt.rules.judge.headline import HEADLINE_PAIRS, lay_out
from kernel_opt.rules.judge.plan import next_arm
from kernel_opt.rules.judge.series import Series
from kernel_opt.rules.judge.telling import tell


def next_comparison(
    measurement: Measurement,
    classes: Sequence[ConfigClass],
    limits: JudgeLimits,
    least_pairs: int = HEADLINE_PAIRS,
) -> RunArm | Redo | Verdict:
    """Answer what to run next, or the verdict; A stands in the place of best."""
    check_question(classes, ())
    if not measurement.runs:
        return RunArm(arm=Arm.CANDIDATE, reason="first look at B")
    case = lay_out(measurement, classes, limits)
    if not isinstance(case, Case):
        return case
    wanted = min(least_pairs, limits.max_pairs)
    if estimate(case.target) is None or case.pairs < wanted:
        return next_arm(case, f"pair {case.pairs + 1} of at least {wanted}")
    outcome, losing = _weigh(case)
    if outcome is Outcome.UNCLEAR and case.pairs < limits.max_pairs:
        return next_arm(case, f"pair {case.pairs + 1}, not settled yet")
    return tell(case, outcome, blocked=losing)


def _weigh(case: Case) -> tuple[Outcome, list[str]]:
    """Weigh classes and whole alike; return the classes that lost too. The overall number never overrides a class."""
    crowded = case.bar + math.log(len(case.sides))  # the more classes, the easier one of them stands out by chance
    winning = [key for key, side in case.sides.items() if gain_evidence(side.likelihoods, case.least) >= crowded]
    losing = [key for key, side in case.sides.items() if loss_evidence(side.likelihoods, case.least) >= crowded]
    whole = _weigh_whole(case.target, case)
    gains, losses = bool(winning) or whole is Outcome.BETTER, bool(losing) or whole is Outcome.WORSE
    if gains and losses:
        return Outcome.DIVERGING, losing
    return Outcome.BETTER if gains else Outcome.WORSE if losses else whole, losing


def _weigh_whole(whole: Series, case: Case) -> Outcome:
    if gain_evidence(whole.likelihoods, case.least) >= case.bar:
        return Outcome.BETTER
    if loss_evidence(whole.likelihoods, case.least) >= case.bar:
        return Outcome.WORSE
    found = estimate(whole)
    # As the judge tells a class that stayed as it was.
    is_same = found is not None and -2 * case.least < found.interval[0] and found.interval[1] < 2 * case.least
    return Outcome.TIE if is_same else Outcome.UNCLEAR

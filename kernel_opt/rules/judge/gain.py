"""When a gain is carried: by the pairs of this measurement, with the bank agreeing where it knows the level.

The pairs decide. Where the bank knows best's level well it is asked too, and may forbid: half of the luck that looks
like a gain is best being slow just now, and that the bank sees. Two witnesses that agree need less each, which spends
fewer runs for fewer wrong keeps; a stale bank forbids too much, and so costs power and never a wrong keep.
"""

import math

from kernel_opt.rules.judge.case import Case
from kernel_opt.rules.judge.evidence import clipped_mean, gain_evidence
from kernel_opt.rules.judge.series import Series
from kernel_opt.rules.judge.stats import median

_AGREED = math.log(2.5)  # Off the bar for pairs when the bank is a good witness: 20 to 1 each, not 50 to 1.
_GOOD_WITNESS = 0.8  # Level's error over the noise of a difference, up to which the bank is one.
_LEAST_PAIRS = 2
_LAST_Z = 2.8  # Standard errors at the cap: one in 400 candidates that change nothing.
_LAST_Z_AGREED = 2.4  # Likewise with the bank agreeing.


def has_gained(series: Series, case: Case) -> bool:
    """Whether the series carries a keep: by evidence at any time, or at the cap by a clear mean."""
    differences = series.differences
    if len(differences) < _LEAST_PAIRS or median(differences) <= 0 or min(series.candidate) >= min(series.best):
        return False
    if series.level is not None and gain_evidence(series.anchored_likelihoods, case.least) < case.bar - _AGREED:
        return False
    if gain_evidence(series.likelihoods, case.least) >= _pairs_bar(series, case):
        return True
    least_z = _LAST_Z_AGREED if _is_anchored(series) else _LAST_Z
    at_cap = len(differences) >= case.limits.max_pairs
    return at_cap and clipped_mean(differences, series.sd) / series.sd * math.sqrt(len(differences)) > least_z


def first_gain(case: Case) -> int:
    """Return the number of pairs at which the target first showed its gain."""
    for pairs in range(_LEAST_PAIRS, case.pairs):
        earlier = case.target.first(pairs)
        if gain_evidence(earlier.likelihoods, case.least) >= _pairs_bar(earlier, case):
            return pairs
    return case.pairs


def _pairs_bar(series: Series, case: Case) -> float:
    return case.bar - _AGREED if _is_anchored(series) else case.bar


def _is_anchored(series: Series) -> bool:
    return series.level is not None and series.level_error <= _GOOD_WITNESS * series.sd

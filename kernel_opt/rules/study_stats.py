"""Few pairs, no assumption but symmetry: exact intervals and tests for a study.

Were both arms alike, each difference of a pair could as well have had the other sign. All 2^n ways to set the signs
are then equally likely, and counting them is the test. The interval is the same test read backwards: of n values whose
errors are symmetric, the means of all subsets part the line into 2^n stretches that hold the truth equally likely
(Hartigan's typical values). So 0 lies outside the interval exactly when the test says so.
"""

import math
from collections.abc import Sequence

from kernel_opt.model.study import Contrast, Estimate

CONFIDENCE_PCT = 95.0
TIE = 1e-12  # sums in another order differ by the last digits: that is no difference


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean and its exact interval: 95 % or barely more, all there is where that cannot be had."""
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Estimate(value=mean)
    means = _subset_means(values)
    stretches = 1 << count
    beyond = max(1, math.floor(stretches * (1 - CONFIDENCE_PCT / 100) / 2 + TIE))
    confidence_pct = 100 * (1 - 2 * beyond / stretches)
    return Estimate(value=mean, low=means[beyond - 1], high=means[-beyond], confidence_pct=confidence_pct)


def compare(differences: Sequence[float]) -> Contrast:
    """Weigh the differences of pairs, first arm minus second."""
    ahead = sum(one > TIE for one in differences)
    behind = sum(one < -TIE for one in differences)
    return Contrast(
        pairs=len(differences),
        difference=estimate(differences),
        p=flip_p(differences),
        ahead=ahead,
        behind=behind,
        sign_p=sign_p(ahead, behind),
    )


def flip_p(differences: Sequence[float]) -> float:
    """Return the share of all ways to set the signs whose mean is as far from 0 as the one found, or farther."""
    found = abs(math.fsum(differences))
    slack = TIE * math.fsum(map(abs, differences))
    sums = _sums([2 * one for one in differences])  # each subset is what is flipped
    total = math.fsum(differences)
    return sum(abs(total - flipped) >= found - slack for flipped in sums) / len(sums)


def sign_p(ahead: int, behind: int) -> float:
    """Return how often fair coins fall as unevenly or more so; ties say nothing."""
    coins = ahead + behind
    tail = sum(math.comb(coins, heads) for heads in range(min(ahead, behind) + 1))
    return min(1.0, 2 * tail / (1 << coins))


def _subset_means(values: Sequence[float]) -> list[float]:
    """Return the mean of every subset but the empty one, in order."""
    sums, sizes = _sums(values), [0]
    for _ in values:
        sizes += [size + 1 for size in sizes]
    return sorted(total / size for total, size in zip(sums[1:], sizes[1:], strict=True))


def _sums(values: Sequence[float]) -> list[float]:
    """Return the sum of every subset, the empty one first."""
    sums = [0.0]
    for value in values:
        sums += [one + value for one in sums]
    return sums

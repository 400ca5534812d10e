"""The rules that other tools use, as far as one sentence says them; each with its side-effect gate, if it has one."""

import math

import numpy as np

from bench.judge.noise import Array
from bench.judge.trial import TARGET, Decision, Rule, Trial

LEAST = 0.01
_MIRRORED = "BAAB"


class Single(Rule):
    """One run of the candidate against one stored run of best; a new best stores the candidate's own run."""

    name = "1 run vs stored, > 1 %"

    def start(self, trial: Trial) -> None:
        """Store one run of the baseline."""
        trial.machine.open_session()
        self._stored = trial.best()

    def decide(self, trial: Trial) -> Decision:
        """Compare one number with one number."""
        self._last = trial.candidate()
        gain = float(self._stored[TARGET] - self._last[TARGET])
        return Decision(gain > LEAST, gain < -LEAST, gain)

    def moved(self) -> None:
        """Store the run that won."""
        self._stored = self._last


class Fresh(Rule):
    """One fresh run each."""

    name = "1 A + 1 B fresh, > 1 %"

    def decide(self, trial: Trial) -> Decision:
        """Compare two fresh numbers."""
        gain = float((trial.best() - trial.candidate())[TARGET])
        return Decision(gain > LEAST, gain < -LEAST, gain)


class ThreeMedians(Rule):
    """Medians of three runs each, interleaved; any other class more than 1 % slower blocks."""

    name = "3 v 3 median"

    def decide(self, trial: Trial) -> Decision:
        """Compare medians."""
        best, candidate = _interleaved(trial, 3)
        gains = np.median(best, axis=0) - np.median(candidate, axis=0)
        return _gated(gains, gains > LEAST, gains < -LEAST)


class MannWhitney(Rule):
    """Rank test at 5 %, nine runs each; a class more than 1 % slower blocks."""

    name = "Mann-Whitney 9 v 9"

    def decide(self, trial: Trial) -> Decision:
        """Compare ranks."""
        best, candidate = _interleaved(trial, 9)
        wins = (best[:, None, :] > candidate[None, :, :]).sum(axis=(0, 1))
        z = (wins - 40.5) / math.sqrt(9 * 9 * 19 / 12)
        gains = np.median(best, axis=0) - np.median(candidate, axis=0)
        return _gated(gains, z > 1.96, z < -1.96, gains < -LEAST)


class Criterion(Rule):
    """Ten runs of best, then ten of the candidate; the bootstrap interval must lie wholly beyond 1 %."""

    name = "Criterion-like 10 v 10"
    _resamples = 1000

    def decide(self, trial: Trial) -> Decision:
        """Compare bootstrapped means of blocked runs."""
        best = np.array([trial.best() for _ in range(10)])
        candidate = np.array([trial.candidate() for _ in range(10)])
        rng = np.random.default_rng(10)
        means = [np.exp(runs)[rng.integers(10, size=(self._resamples, 10))].mean(axis=1) for runs in (best, candidate)]
        low, high = np.quantile(np.log(means[0]) - np.log(means[1]), [0.025, 0.975], axis=0)
        gains = np.log(np.exp(best).mean(axis=0)) - np.log(np.exp(candidate).mean(axis=0))
        return _gated(gains, low > LEAST, high < -LEAST)


class PairedT(Rule):
    """Eight mirrored pairs, t-test at 5 %, mean beyond 1 %; a class slower by the same test blocks."""

    name = "ABBA t-test, 8 pairs"

    def decide(self, trial: Trial) -> Decision:
        """Compare the mean difference with its standard error."""
        best, candidate = _interleaved(trial, 8)
        differences = best - candidate
        gains = differences.mean(axis=0)
        t = gains / (differences.std(axis=0, ddof=1) / math.sqrt(8))
        reach = 2.365  # 97.5 % point of t with 7 degrees of freedom.
        return _gated(gains, (t > reach) & (gains > LEAST), (t < -reach) & (gains < -LEAST))


def _interleaved(trial: Trial, each: int) -> tuple[Array, Array]:
    runs: dict[str, list[Array]] = {"A": [], "B": []}
    for position in range(2 * each):
        arm = _MIRRORED[position % 4]
        runs[arm].append(trial.best() if arm == "A" else trial.candidate())
    return np.array(runs["A"]), np.array(runs["B"])


def _gated(gains: Array, better: Array, worse: Array, blocks: Array | None = None) -> Decision:
    blocking = (worse if blocks is None else blocks).copy()
    blocking[TARGET] = False
    kept = bool(better[TARGET]) and not blocking.any()
    return Decision(kept, bool(worse[TARGET]), float(gains[TARGET]))


RIVALS = (Single, Fresh, ThreeMedians, MannWhitney, Criterion, PairedT)

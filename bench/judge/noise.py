"""Where the noise of a run comes from: three simulated regimes, or repeats recorded on real cards.

The regimes were set by hand until 400,000 pairs of runs that differ in nothing gave these figures, which bracket five
recorded sessions of data centre cards (share of pairs further apart than 1, 2, 5 and 10 %; robust standard deviation
of one run):

    quiet    0.28 %    6    1.8   1.2   0.7
    typical  0.71 %   34   13     4.8   2.8
    noisy    1.54 %   64   38    13     6.5

Within a class a run is a t with 4 degrees of freedom; classes differ in scale (lognormal); now and then a class alone
is slow, now and then a neighbour slows the whole run; a shift is common to one run, another to one session, and a slow
drift goes through a session.
"""

import csv
import gzip
import io
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

Array = np.ndarray


class Machine(Protocol):
    """Gives the noise of one run after the other, in ln, one number per class."""

    def open_session(self) -> None:
        """Come back to the card later: everything may have shifted a little."""
        ...

    def run(self) -> Array:
        """Return the noise of the next run."""
        ...


@dataclass(frozen=True)
class Regime:
    """The noise of one kind of machine; all in ln unless said otherwise."""

    sigma: float
    spread: float
    """Of ln sigma over the classes."""
    slow_share: float
    """Of class times that are slow alone."""
    neighbour_share: float
    """Of runs slowed as a whole."""
    slow_by: float
    """Mean of the slow-down (exponential)."""
    common: float
    session: float
    drift: float
    """Per run."""

    def machine(self, rng: np.random.Generator, classes: int) -> "SimulatedMachine":
        """Return a machine of this kind, with its own scale for every class."""
        return SimulatedMachine(self, rng, classes)


REGIMES = {
    "quiet": Regime(0.0023, 0.4, 0.006, 0.005, 0.095, 0.0008, 0.001, 0.0001),
    "typical": Regime(0.0059, 0.5, 0.014, 0.015, 0.13, 0.0020, 0.003, 0.0002),
    "noisy": Regime(0.0126, 0.4, 0.027, 0.027, 0.14, 0.0035, 0.005, 0.0004),
}


class SimulatedMachine:
    """One machine of a regime."""

    def __init__(self, regime: Regime, rng: np.random.Generator, classes: int) -> None:
        self._regime, self._rng, self._classes = regime, rng, classes
        self._scale = regime.sigma * np.exp(regime.spread * rng.standard_normal(classes))
        self._offset = 0.0

    def open_session(self) -> None:
        """Shift the level of the whole card."""
        self._offset = self._regime.session * self._rng.standard_normal()

    def run(self) -> Array:
        """Return the noise of the next run."""
        regime, rng = self._regime, self._rng
        self._offset += regime.drift * rng.standard_normal()
        values = 0.9 * self._scale * rng.standard_t(4, self._classes) + regime.common * rng.standard_normal()
        slow = rng.random(self._classes) < regime.slow_share
        values += slow * rng.exponential(regime.slow_by, self._classes)
        if rng.random() < regime.neighbour_share:
            values += rng.exponential(regime.slow_by) * rng.uniform(0.5, 1.5, self._classes)
        return values + self._offset


NEAREST_KERNELS = 24  # Enough residuals for a shape, few enough to have one scale.
TRACE_SESSION = 0.002  # A repeat says nothing of shifts between sessions; recorded ones are 0.05 to 0.35 %.
BLUR = 0.45  # Of the scale: the variance that centring three repeats and more on their median takes away.
PAIR_BLUR = 0.2  # Of the scale, for pairs, whose variance is whole; only so that no value comes twice.
SLOW_SCALES = 6  # Two repeats this far apart: one of them was slow, and the other was usual.


class Trace:
    """The repeats of one recorded session: each class draws from the residuals of kernels like one of them."""

    def __init__(self, kernels: list[tuple[str, Array]]) -> None:
        kernels.sort(key=lambda kernel: (kernel[0], float(np.median(kernel[1]))))
        self._stages = [stage for stage, _ in kernels]
        self._repeats = [repeats for _, repeats in kernels]

    def machine(self, rng: np.random.Generator, classes: int) -> "TraceMachine":
        """Return a machine whose classes are drawn from the recorded kernels."""
        return TraceMachine([self._pool(int(rng.integers(len(self._stages)))) for _ in range(classes)], rng)

    def _pool(self, chosen: int) -> tuple[Array, float]:
        """Gather the residuals of the kernels of the same stage that are nearest in duration, and the blur."""
        same = [i for i, stage in enumerate(self._stages) if stage == self._stages[chosen]]
        start = max(0, min(same.index(chosen) - NEAREST_KERNELS // 2, len(same) - NEAREST_KERNELS))
        near = [self._repeats[i] for i in same[start : start + NEAREST_KERNELS]]
        apart = np.concatenate([np.abs(np.subtract.outer(one, one)[np.triu_indices(len(one), 1)]) for one in near])
        scale = 1.4826 * float(np.median(apart)) / np.sqrt(2)
        blur = BLUR if len(near[0]) > 2 else PAIR_BLUR
        return np.concatenate([residuals_of(one, scale) for one in near]), blur * scale


def residuals_of(repeats: Array, scale: float) -> Array:
    """Return what each repeat adds to the usual time of its kernel."""
    if len(repeats) > 2:
        return repeats - np.median(repeats)
    gap = float(np.ptp(repeats))
    return np.array([0.0, gap]) if gap > SLOW_SCALES * scale else np.array([-gap, gap]) / np.sqrt(2)


class TraceMachine:
    """Draws residuals, each blurred a little so that no value comes twice."""

    def __init__(self, pools: list[tuple[Array, float]], rng: np.random.Generator) -> None:
        self._pools = [pool for pool, _ in pools]
        self._blur = np.array([blur for _, blur in pools])
        self._rng = rng
        self._offset = 0.0

    def open_session(self) -> None:
        """Shift the level of the whole card."""
        self._offset = TRACE_SESSION * self._rng.standard_normal()

    def run(self) -> Array:
        """Return the noise of the next run."""
        drawn = np.array([pool[self._rng.integers(len(pool))] for pool in self._pools])
        return drawn + self._blur * self._rng.standard_normal(len(drawn)) + self._offset


def read_traces(path: Path) -> dict[str, Trace]:
    """Return each recorded session with enough kernels to be played."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    sessions: dict[str, list[tuple[str, Array]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text.decode())):
        repeats = np.log([float(value) for value in row["us_repeats"].split()])
        if len(repeats) > 1 and np.isfinite(repeats).all():
            sessions[row["source"]].append((row.get("stage", ""), repeats))
    return {name: Trace(kernels) for name, kernels in sessions.items() if len(kernels) >= NEAREST_KERNELS}

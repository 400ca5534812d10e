"""What earlier runs of best taught: its level on a card, and the noise of each class.

The level holds for one best commit on one card. The noise carries over from best to best: it belongs to the card, the
shapes and the benchmark more than to the code. A bank may only help to discard; it is no witness for a gain.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.measurement import Arm, Measurement, Metric, TimedRun
from kernel_opt.rules.judge.stats import mean, median, robust_sd, t4_sd
from kernel_opt.rules.judge.times import WHOLE, class_logs, whole_log

KEPT_RUNS = 24  # Enough for a scale within 15 %; older runs are from another hour of the machine.
LEAST_SD = 0.0008  # Below 0.08 % a difference is rounding and timer resolution.
UNKNOWN_SD = 0.01  # Of a difference, on a typical data centre card; until anything is known.
USUAL_SHIFT = 0.004  # Between sessions; recorded cards show 0.05 to 0.35 %, and too small a value costs power.
USUAL_SHIFT_STEPS = 3  # Steps between sessions that this assumption is worth.
MEDIAN_ERROR = 1.25  # Standard error of a median over that of a mean.
LEAST_GAPS = 4  # With fewer gaps between runs their spread means nothing.
OWN_SHARE = 0.7  # Of a class's own scale; the rest is what all classes show together.


class BankRun(Struct, frozen=True, kw_only=True):
    """One run of best: ln times by metric and class."""

    card: str
    commit: str
    session: int
    values: dict[str, float]


class Bank(Struct, frozen=True, kw_only=True):
    """The last runs of best on each card; an empty one is a fair start."""

    runs: tuple[BankRun, ...] = ()
    unseen: int = 0
    """Measurements since best last ran: who was dropped by the bank's word alone confirms nothing of it."""

    def with_measurement(self, measurement: Measurement, classes: Sequence[ConfigClass]) -> "Bank":
        """Add the runs of best of one measurement as one session."""
        session = max((run.session for run in self.runs), default=0) + 1
        same = measurement.best == measurement.candidate
        bank = Bank(runs=self.runs, unseen=self.unseen + 1)
        for _, run in measurement.slots():
            if run.disturbed is None and (same or run.arm is Arm.BEST):
                bank = bank.with_run(run, commit=measurement.best, session=session, classes=classes)
        return bank

    def with_run(self, run: TimedRun, *, commit: str, session: int, classes: Sequence[ConfigClass]) -> "Bank":
        """Add one run of best; the oldest of its card falls out."""
        fresh = BankRun(card=run.card, commit=commit, session=session, values=_values_of(run, classes))
        same_card = [old for old in self.runs if old.card == run.card]
        dropped = set(map(id, same_card[: max(0, len(same_card) + 1 - KEPT_RUNS)]))
        return Bank(runs=(*(old for old in self.runs if id(old) not in dropped), fresh))

    def on_card(self, card: str) -> "CardBank":
        """Return what it knows of one card."""
        return CardBank([run for run in self.runs if run.card == card], is_fresh=not self.unseen)


class CardBank:
    """The runs of best on one card, in the order they ran; what was worked out once is kept."""

    def __init__(self, runs: Sequence[BankRun], *, is_fresh: bool = True) -> None:
        self._runs = runs
        self.is_fresh = is_fresh
        """Whether best ran in the last measurement, so that a candidate may be dropped by the bank's word alone."""
        self._sds: dict[tuple[Metric, tuple[str, ...]], dict[str, float]] = {}
        self._found: dict[tuple[Metric, tuple[str, ...]], list[tuple[BankRun, float]]] = {}

    def level(self, commit: str, metric: Metric, keys: Sequence[str]) -> float | None:
        """Return the median ln time of best over these classes, None when it never ran on this card."""
        values = [value for run, value in self._series(metric, keys) if run.commit == commit]
        return median(values) if values else None

    def level_error(
        self, commit: str, metric: Metric, keys: Sequence[str], all_keys: Sequence[str], sd: float
    ) -> float:
        """Return how far the level may stand off: the shift between sessions, and the noise of the runs behind it."""
        runs = sum(1 for run, _ in self._series(metric, keys) if run.commit == commit)
        own = MEDIAN_ERROR * sd / math.sqrt(2 * runs) if runs else 0.0
        return math.hypot(own, self._session_shift(metric, all_keys))

    def _session_shift(self, metric: Metric, keys: Sequence[str]) -> float:
        """Return the usual shift from session to session, over all classes: it belongs to the card."""
        sessions: dict[tuple[str, int], list[float]] = {}
        for run, value in self._series(metric, keys):
            sessions.setdefault((run.commit, run.session), []).append(value)
        steps = [
            median(later) - median(earlier)
            for (before, earlier), (after, later) in pairwise(sessions.items())
            if before[0] == after[0]
        ]
        seen = robust_sd(steps) ** 2 / 2 if steps else 0.0
        weighed = (USUAL_SHIFT_STEPS * USUAL_SHIFT**2 + len(steps) * seen) / (USUAL_SHIFT_STEPS + len(steps))
        return math.sqrt(weighed)

    def raw_sd(self, metric: Metric, keys: Sequence[str]) -> float | None:
        """Return the standard deviation of the difference of two runs, None until enough are known."""
        together: dict[tuple[str, int], list[float]] = {}
        for run, value in self._series(metric, keys):
            together.setdefault((run.commit, run.session), []).append(value)
        gaps = [gap for values in together.values() for gap in _gaps(values)]
        return max(LEAST_SD, t4_sd(gaps)) if len(gaps) >= LEAST_GAPS else None

    def class_sds(self, metric: Metric, keys: Sequence[str]) -> dict[str, float]:
        """Return each class's standard deviation of a difference, drawn towards what all show together."""
        asked = metric, tuple(keys)
        if asked not in self._sds:
            raw = {key: self.raw_sd(metric, [key]) for key in keys}
            known = [value for value in raw.values() if value is not None]
            shared = median(known) if known else UNKNOWN_SD
            self._sds[asked] = {key: _drawn(value, shared) if value else shared for key, value in raw.items()}
        return self._sds[asked]

    def _series(self, metric: Metric, keys: Sequence[str]) -> list[tuple[BankRun, float]]:
        asked = metric, tuple(keys)
        if asked not in self._found:
            names = [value_name(metric, key) for key in keys]
            rows = [(run, [run.values[name] for name in names if name in run.values]) for run in self._runs]
            self._found[asked] = [(run, mean(values)) for run, values in rows if len(values) == len(names)]
        return self._found[asked]


def _gaps(values: Sequence[float]) -> list[float]:
    """Return differences of runs of one session; a longer one is taken around its median, which uses it better."""
    if len(values) < LEAST_GAPS:
        return [later - earlier for earlier, later in pairwise(values)]
    centre, widen = median(values), math.sqrt(2 * len(values) / (len(values) - 1))
    return [(value - centre) * widen for value in values]


def _drawn(own: float, shared: float) -> float:
    return math.exp(OWN_SHARE * math.log(own) + (1 - OWN_SHARE) * math.log(shared))


def value_name(metric: Metric, key: str) -> str:
    """Name a class's time by one metric."""
    return f"{metric.value}:{key}"


def _values_of(run: TimedRun, classes: Sequence[ConfigClass]) -> dict[str, float]:
    found: dict[str, float | None] = {value_name(Metric.GPU_WHOLE, WHOLE): whole_log(run)}
    for metric in (Metric.SCRIPT, Metric.GPU):
        found |= {value_name(metric, key): value for key, value in class_logs(run, metric, classes).items()}
    return {name: value for name, value in found.items() if value is not None}

"""How the gain grew over the rounds: the steps that were kept, what else was tried, and how well each is known."""

import math
from collections.abc import Sequence

from msgspec import Struct

from kernel_opt.model.state import RunState
from kernel_opt.views.format import known
from kernel_opt.views.gains import Gain, is_headline_current, of_interval, overall_gain
from kernel_opt.views.story import RoundStory


class Level(Struct, frozen=True, kw_only=True):
    """What best gains over the baseline from a round on, until the next level."""

    round: int
    """0 is the baseline itself."""
    at_s: float
    gain: Gain
    pairs: int
    """Pairs of baseline and best behind it; 0: one benchmark run of each."""
    is_afresh: bool = False
    """Measured afresh: nothing was kept here, an older figure is corrected."""
    is_back: bool = False
    """Best did not hold and was given up: the run went back to an earlier one."""


class Try(Struct, frozen=True, kw_only=True):
    """One candidate that was measured, placed by its own verdict against the best of its time."""

    round: int
    ending: str
    is_kept: bool
    gain: Gain
    """Against the baseline: a kept one has the level that it set."""
    pairs: int


class Progress(Struct, frozen=True, kw_only=True):
    """A whole run as one curve."""

    rounds: int
    """The last round that was begun."""
    levels: tuple[Level, ...]
    tries: tuple[Try, ...]
    unmeasured: int
    """Rounds that ended without a measurement: they have no place in a picture of gains."""

    @property
    def pairs(self) -> int:
        """All pairs behind the picture."""
        return sum(one.pairs for one in self.tries) + sum(one.pairs for one in self.levels)


def level_of(state: RunState, at_s: float, *, is_back: bool = False) -> Level:
    """Return where best stands now."""
    if state.best is None or not state.best.round:
        gain = Gain(gain_pct=0.0, uncertainty_pct=0.0)
        return Level(round=state.round, at_s=at_s, gain=gain, pairs=0, is_back=is_back)
    is_afresh = is_headline_current(state)
    pairs = state.headline.pairs if state.headline and is_afresh else 0
    gain = overall_gain(state)
    return Level(round=state.round, at_s=at_s, gain=gain, pairs=pairs, is_afresh=is_afresh, is_back=is_back)


def trace_progress(levels: Sequence[Level], rounds: Sequence[RoundStory]) -> Progress:
    """Place every measured candidate on or beside the steps of best."""
    tries: list[Try] = []
    ahead, level = list(reversed(levels)), None
    kept = {one.round: one for one in levels if not one.is_afresh and not one.is_back}
    for told in rounds:
        while ahead and ahead[-1].round < told.round:
            level = ahead.pop()
        tried = _place(told, level, kept.get(told.round))
        if tried is not None:
            tries.append(tried)
    last = max((one.round for one in rounds), default=0)
    return Progress(rounds=last, levels=tuple(levels), tries=tuple(tries), unmeasured=len(rounds) - len(tries))


def _place(told: RoundStory, level: Level | None, kept: Level | None) -> Try | None:
    verdict = told.verdict
    if level is None or verdict is None or verdict.overall_ratio is None or told.ending is None:
        return None
    if told.is_kept and kept is not None:
        gain = kept.gain
    else:
        gain = _combine(level.gain, of_interval(verdict.overall_ratio, verdict.overall_interval, ""))
    return Try(round=told.round, ending=told.ending.value, is_kept=told.is_kept, gain=gain, pairs=verdict.pairs)


def _combine(base: Gain, change: Gain) -> Gain:
    """Return a change on top of a gain; both are independent, so their uncertainties add in squares."""
    if base.gain_pct is None or change.gain_pct is None:
        return Gain()
    unsure = None
    if base.uncertainty_pct is not None and change.uncertainty_pct is not None:
        unsure = round(math.hypot(base.uncertainty_pct, change.uncertainty_pct), 2)
    gain_pct = 100 * (1 - (1 - base.gain_pct / 100) * (1 - change.gain_pct / 100))
    return Gain(gain_pct=known(gain_pct, unsure), uncertainty_pct=unsure, how="its verdict against best of that time")

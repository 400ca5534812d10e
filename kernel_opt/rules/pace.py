"""How long the steps of this run took: what the next one may be expected to take."""

from statistics import median

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.facts import Entry, Fact, Purpose
from kernel_opt.model.state import Expected, Pace

RECENT = 9
"""Durations of a step that count: the median of nine has forgotten the first, cold one."""

_KINDS: tuple[tuple[type[s.Step] | Purpose, tuple[type[Fact], ...]], ...] = (
    (s.OpenRound, (r.RoundOpened,)),
    (s.Propose, (r.Proposed, r.GaveNothing)),
    (s.Check, (r.Checked,)),
    (s.Amend, (r.Edited,)),
    (s.Bench, (f.Benched, f.BenchedWrong)),
    (s.Judge, (f.Judged, f.NoiseJudged, f.HeadlineJudged)),
    (s.Profile, (f.Traced,)),
    (s.Explain, (r.Explained,)),
    (s.Format, (r.Formatted, r.FormatFailed)),
    (s.Recheck, (r.Rechecked,)),
    (s.Rebase, (r.Rebased,)),
    (s.Seal, (r.Sealed,)),
    (s.Publish, (r.BaselineKept, r.Kept, r.RolledBack)),
    (s.Drop, (r.Dropped,)),
    *((purpose, ()) for purpose in Purpose),
)
"""Steps, and the answers that show how long each takes; one that broke off early, such as ``Broke``, shows nothing.
Measurements are told apart by what they are for."""
_ROUND = len(_KINDS)
_PLACES: dict[type[s.Step] | Purpose, int] = {kind: place for place, (kind, _) in enumerate(_KINDS)}
_FACTS: dict[type[Fact], int] = {fact: place for place, (_, facts) in enumerate(_KINDS) for fact in facts}
_NOTHING: tuple[tuple[float, ...], ...] = ((),) * (_ROUND + 1)


def note_pace(pace: Pace, entry: Entry, since_s: float, *, is_idle: bool) -> Pace:
    """Return the pace after one more fact; ``is_idle`` says that nobody was at work since the last one.

    Called for every fact of a journal that is read back: a place in a tuple is what this can afford.
    """
    fact, passed_s = entry.fact, entry.at_s - since_s
    kind = type(fact)
    round_since_s, waited_s = pace.round_since_s, pace.round_waited_s
    if kind is r.RoundOpened:
        round_since_s, waited_s = entry.at_s, 0.0
    elif is_idle or kind is f.Waited:
        return Pace(pace.took_s, round_since_s, waited_s + max(0.0, passed_s))
    place = _PLACES[fact.purpose] if isinstance(fact, f.Measured) else _FACTS.get(kind)
    if place is None or is_idle or passed_s < 0:  # a clock that was set back tells nothing
        return pace
    took_s = _noted(pace.took_s or _NOTHING, place, passed_s)
    if kind is r.Kept or kind is r.Dropped:
        took_s = _noted(took_s, _ROUND, max(0.0, entry.at_s - round_since_s - waited_s))
    return Pace(took_s, round_since_s, waited_s)


def _noted(took_s: tuple[tuple[float, ...], ...], place: int, seconds: float) -> tuple[tuple[float, ...], ...]:
    all_s = list(took_s)
    all_s[place] = (*took_s[place][1 - RECENT :], seconds)
    return tuple(all_s)


def expect(pace: Pace, step: s.Step) -> Expected | None:
    """Return how long a step usually takes; None when this run has not done one yet."""
    return _usual(pace, _PLACES.get(step.purpose if isinstance(step, s.Measure) else type(step)))


def expect_round(pace: Pace) -> Expected | None:
    """Return how long a round usually takes, waits left out; None before the first has ended."""
    return _usual(pace, _ROUND)


def _usual(pace: Pace, place: int | None) -> Expected | None:
    seen = pace.took_s[place] if pace.took_s and place is not None else ()
    return Expected(seconds=median(seen), of=len(seen)) if seen else None

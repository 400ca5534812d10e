"""What a run has tried, put in order for who comes next: what holds, what nearly did, what did not, and where."""

from collections.abc import Sequence

from msgspec import Struct

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Trial
from kernel_opt.rules.memory.explore import NO_TRY, best_gain_pct


class Tried(Struct, frozen=True, kw_only=True):
    """All tries about one place."""

    place: str
    """A bottleneck's id; else a file; else nothing."""
    tries: int
    kept: int
    best_pct: float
    """The largest gain that was measured there; 0: none."""
    last: tuple[tuple[int, Ending], ...]
    """Its last few rounds and how they ended."""


def find_dead_ends(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return what was tried and did not hold, each claim once, with its last ending, the newest last."""
    latest: dict[str, Trial] = {}
    for trial in trials:
        if trial.ending is Ending.INFRASTRUCTURE or not trial.sentence:
            continue
        latest.pop(trial.sentence, None)
        latest[trial.sentence] = trial
    return tuple(one for one in latest.values() if one.ending is not Ending.KEPT)


def sum_up(trials: Sequence[Trial], most: int, recent: int = 3) -> tuple[Tried, ...]:
    """Return the tries by the places they were about, the most tried first; a try about two places counts at both."""
    by_place: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.ending not in NO_TRY:
            for place in trial.bottlenecks or trial.files[:1] or ("",):
                by_place.setdefault(place, []).append(trial)
    rows = [
        Tried(
            place=place,
            tries=len(found),
            kept=sum(one.ending is Ending.KEPT for one in found),
            best_pct=max(0.0, *(best_gain_pct(one) for one in found)),
            last=tuple((one.round, one.ending) for one in found[-recent:]),
        )
        for place, found in by_place.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.tries, row.place))[:most])

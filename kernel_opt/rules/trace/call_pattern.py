"""Cutting a sequence of launches into rows: each row repeats one call, and each call launches the same few kernels."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_LAUNCHES_PER_CALL = 16
"""Launches of target kernels in one call: main and reduce make two; more than this is no call but a whole row."""


@dataclass(frozen=True)
class Cut:
    """One row's part of the sequence."""

    begin: int
    per_call: int
    calls: int

    @property
    def end(self) -> int:
        """Return the place after its last launch."""
        return self.begin + self.per_call * self.calls


def cut_rows(launches: Sequence[int], rows: int, calls: int) -> tuple[Cut, ...] | None:
    """Return the only way to cut the launches into so many rows of so many equal calls; None when none or several.

    A call that repeats itself inside (the same launch twice over) is looked for only when no other reading exists.
    """
    if rows < 1 or calls < 1 or not rows * calls <= len(launches) <= rows * calls * MAX_LAUNCHES_PER_CALL:
        return None
    repeats = [_repeats(launches, period) for period in range(MAX_LAUNCHES_PER_CALL + 1)]
    for may_repeat in (False, True):
        steps = [
            tuple(
                period
                for period in range(1, MAX_LAUNCHES_PER_CALL + 1)
                if repeats[period][begin] >= period * (calls - 1)
                and begin + period * calls <= len(launches)
                and (may_repeat or _is_primitive(repeats, begin, period))
            )
            for begin in range(len(launches))
        ]
        ways, cuts = _walk(steps, rows, calls)
        if ways:
            return cuts if ways == 1 else None
    return None


def _repeats(launches: Sequence[int], period: int) -> list[int]:
    """Return for each place how many launches from there on equal the one ``period`` later."""
    counts = [0] * (len(launches) + 1)
    for place in range(len(launches) - period - 1, -1, -1):
        counts[place] = counts[place + 1] + 1 if launches[place] == launches[place + period] else 0
    return counts


def _is_primitive(repeats: Sequence[Sequence[int]], begin: int, period: int) -> bool:
    return not any(period % part == 0 and repeats[part][begin] >= period - part for part in range(1, period // 2 + 1))


def _walk(steps: Sequence[Sequence[int]], rows: int, calls: int) -> tuple[int, tuple[Cut, ...]]:
    """Count the ways from the first launch past the last one in ``rows`` steps; return one of them."""
    reached: dict[int, int] = {0: 1}
    back: list[dict[int, int]] = []
    for _ in range(rows):
        following: dict[int, int] = {}
        came: dict[int, int] = {}
        for place, ways in reached.items():
            for period in steps[place] if place < len(steps) else ():
                end = place + period * calls
                following[end] = min(following.get(end, 0) + ways, 2)  # One or several is all that matters.
                came[end] = period
        reached = following
        back.append(came)
    ways = reached.get(len(steps), 0)
    if ways == 0:
        return 0, ()
    cuts: list[Cut] = []
    place = len(steps)
    for came in reversed(back):
        period = came[place]
        place -= period * calls
        cuts.append(Cut(place, period, calls))
    return ways, tuple(reversed(cuts))

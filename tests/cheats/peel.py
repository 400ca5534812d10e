"""A cheat, played again and again without whoever caught it, until nobody does: all its defences, in their order."""

from collections.abc import Collection
from typing import Protocol

from tests.cheats.defences import ALL, OWN_ENDINGS, kind_of
from tests.cheats.ground import Played
from tests.cheats.page import Page

TRIES = 2
"""A fault of the machine is played once more."""
ENOUGH = 2
"""Independent kinds of defence: more is better, and costs a minute for each cheat."""


class Player(Protocol):
    """Whoever plays a page, or knows what came of it; None: it was not played and cannot be now."""

    def __call__(self, page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played | None: ...


def peel(play: Player, page: Page, enough: int = ENOUGH) -> tuple[Played, ...]:
    """Return all plays: the first with every defence, each further one without those that caught it before.

    It ends when nobody catches it any more, or so many independent kinds of defence have: 0 is no number of them.
    """
    looks: list[Played] = []
    unheeded: frozenset[str] = frozenset()
    while (played := play(page, unheeded)) is not None:
        looks.append(played)
        if enough and len(kinds(looks)) >= enough:
            return tuple(looks)
        if not played.rule or played.rule in unheeded or played.rule not in ALL:
            break
        unheeded |= {played.rule}
    if looks and page.walls and not page.unsafe and not looks[-1].rule and not looks[-1].got_through:
        bare = play(page, unheeded, is_walled=False)
        looks += [bare] if bare is not None else []
    return tuple(looks)


def defenders(looks: Collection[Played]) -> tuple[str, ...]:
    """Return who stood in the way, in the order in which they were switched off."""
    return tuple(dict.fromkeys(tell(played) for played in looks if not played.got_through and played.is_told))


def kinds(looks: Collection[Played]) -> tuple[str, ...]:
    """Return the independent defences: checks of one kind look at the same thing and count once."""
    return tuple(dict.fromkeys(kind_of(name) for name in defenders(looks)))


def tell(played: Played) -> str:
    """Say in a few words who kept a patch out."""
    if played.got_through:
        return "got through"
    return played.rule or OWN_ENDINGS.get(played.ending, played.ending)

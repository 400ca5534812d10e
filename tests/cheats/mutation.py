"""What each check is there for: the cheat that gets through when it alone is switched off, or with it a first line."""

from collections.abc import Sequence

from tests.cheats.page import Page
from tests.cheats.peel import Player, peel


def show_need(play: Player, pages: Sequence[Page], check: str) -> str:
    """Say which cheat needs a check, and how; empty when none that was played does.

    A first line: without it alone a cheat gets through; on a machine that has no walls where walls would keep the cheat
    from doing anything. A second line: with others off it catches a cheat which gets through when it is off as well.
    """
    for page in pages:
        looks = peel(play, page)
        if looks and looks[0].rule == check and looks[1:2] and looks[1].got_through:
            return f"without it {page.name} gets through"
        if looks and looks[-1].rule == check and page.walls and check not in looks[-1].unheeded:
            bare = play(page, looks[-1].unheeded | {check}, is_walled=False)
            if bare is not None and bare.got_through:
                return f"where no walls can be raised: without it {page.name} gets through"
    for page in (page for page in pages if check in page.caught_by):
        looks = peel(play, page, enough=0)
        if check not in {one.rule for one in looks} or not looks[-1].got_through:
            continue
        others = looks[-1].unheeded - {check}
        alone = play(page, others)
        if alone is not None and alone.rule == check:
            return f"second line: with {', '.join(sorted(others))} off, {page.name} needs it off as well"
    return ""

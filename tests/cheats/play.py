"""Plays one patch through a real round: ``python -m tests.cheats.play NAME [--without CHECK ...] [--no-walls]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.cheats.defences import ALL, KINDS, OWN_ENDINGS, kind_of
from tests.cheats.ground import Ground, Played, open_ground
from tests.cheats.honest_pages import honest_pages
from tests.cheats.page import Page, read_cheats


def play_twice(ground: Ground, page: Page) -> tuple[Played, Played | None]:
    """Play a patch, and again without the kind of defence that caught it; None when that cannot be switched off."""
    first = ground.play(page)
    if first.rule:
        return first, ground.play(page, KINDS.get(kind_of(first.rule), (first.rule,)))
    if page.walls and not page.unsafe and not first.got_through:
        return first, ground.play(page, is_walled=False)
    return first, None


def tell(played: Played) -> str:
    """Say in a few words who kept a patch out."""
    if played.got_through:
        return "got through"
    return played.rule or OWN_ENDINGS.get(played.ending, played.ending)


def main() -> int:
    """Play it and print what came of it; exit code 1 when a cheat got through, or an honest patch was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--without", nargs="+", default=[], choices=ALL, metavar="CHECK")
    parser.add_argument("--no-walls", action="store_true")
    options = parser.parse_args()
    page = next(page for page in (*read_cheats(), *honest_pages()) if page.name.startswith(options.name))
    if page.stored:
        print(f"{page.name} cannot be played here: {page.stored}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kernel-opt-cheats-") as folder:
        ground = open_ground(Path(folder).resolve(), page.target)
        played = ground.play(page, options.without, is_walled=not options.no_walls)
        ground.end()
    print(f"{page.name}: {page.what}\n{played.ending}: {tell(played)}\n{played.why}\nfound: {', '.join(played.fired)}")
    return int(played.got_through if page.caught_by else bool(played.rule))


if __name__ == "__main__":
    sys.exit(main())

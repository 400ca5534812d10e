"""Plays one patch through a real round: ``python -m tests.cheats.play NAME [--without CHECK ...] [--no-walls]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.cheats.defences import ALL
from tests.cheats.ground import open_ground
from tests.cheats.honest_pages import honest_pages
from tests.cheats.page import read_cheats
from tests.cheats.peel import tell


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

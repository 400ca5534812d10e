"""The whole proof: ``python -m tests.cheats.long [cheats] [honest] [mutation] [--only NAME ...]`` prints the tables.

Each cheat is played once with every defence, and once without the kind of defence that caught it. Each honest patch is
played once. Each defence is then switched off alone, and those cheats are played that name it as the one who catches
them: one must get through, else it is decoration.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.cheats.defences import ALL
from tests.cheats.ground import Ground, open_ground
from tests.cheats.honest_pages import honest_pages
from tests.cheats.page import Page, read_cheats
from tests.cheats.play import play_twice, tell

ROWS = 41
PARTS = ("cheats", "honest", "mutation")


def play_cheats(grounds: "Grounds", pages: Sequence[Page]) -> int:
    """Print each cheat with who caught it, first and second; return how many got through."""
    caught: dict[int, list[bool]] = {}
    missed: set[int] = set()
    through = 0
    for page in pages:
        if page.stored:
            print(f"{page.name:<30} not played: {page.stored}", flush=True)
            continue
        first, second = play_twice(grounds.get(page.target), page)
        by_two = second is not None and second.is_told and not second.got_through
        caught.setdefault(page.row, []).append(by_two)
        through += first.got_through
        then = "-" if second is None else tell(second)
        print(f"{page.name:<30} {tell(first):<34} then {then:<34} {first.why[:100]}", flush=True)
        if first.got_through or not first.is_told:
            missed.add(page.row)
    rows = [row for row in caught if row <= ROWS and row not in missed]
    twice = [row for row in rows if any(caught[row])]
    print(f"\ncaught {len(rows)}/{ROWS}, by two independent kinds of defence {len(twice)}/{ROWS}", flush=True)
    return through


def play_honest(grounds: "Grounds", pages: Sequence[Page]) -> int:
    """Print what came of each honest patch; return how many were refused."""
    refused = 0
    for page in pages:
        played = grounds.get(page.target).play(page, once=True)
        refused += bool(played.rule)
        told = f"REFUSED by {played.rule}: {played.why[:160]}" if played.rule else f"{played.ending} {played.why[:120]}"
        print(f"{page.name:<30} {told}", flush=True)
    print(f"\n{len(pages)} honest patches, {refused} refused", flush=True)
    return refused


def play_mutation(grounds: "Grounds", pages: Sequence[Page]) -> int:
    """Switch each defence off in turn; return how many are shown to be worth nothing by these cheats."""
    useless = 0
    for check in ALL:
        shown = ""
        for page in (page for page in pages if page.caught_by[:1] == (check,)):
            if grounds.get(page.target).play(page, (check,)).got_through:
                shown = page.name
                break
        useless += not shown
        print(
            f"{check:<36} {f'without it {shown} gets through' if shown else 'others catch what it catches'}", flush=True
        )
    return useless


class Grounds:
    """Targets, set up when they are first needed."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._open: dict[str, Ground] = {}

    def get(self, target: str) -> Ground:
        if target not in self._open:
            self._open[target] = open_ground(self._base / target, target)
        return self._open[target]

    def end(self) -> None:
        for ground in self._open.values():
            ground.end()


def main() -> int:
    """Print what was asked for; exit code 1 when a cheat got through or an honest patch was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--only", nargs="+", default=[], help="beginnings of names")
    options = parser.parse_args()
    parts = options.parts or PARTS
    cheats, honest = (
        [page for page in pages if not options.only or page.name.startswith(tuple(options.only))]
        for pages in (read_cheats(), honest_pages())
    )
    with tempfile.TemporaryDirectory(prefix="kernel-opt-cheats-") as folder:
        grounds = Grounds(Path(folder).resolve())
        bad = play_cheats(grounds, cheats) if "cheats" in parts else 0
        bad += play_honest(grounds, honest) if "honest" in parts else 0
        if "mutation" in parts:
            play_mutation(grounds, cheats)
        grounds.end()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())

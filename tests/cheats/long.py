"""The whole proof: ``python -m tests.cheats.long [cheats] [honest] [mutation] [--only NAME ...]``.

Each cheat is played with every defence, then without the check that caught it, and so on until nobody catches it. Each
honest patch is played once. Each check is then switched off in turn: a cheat must get through that else does not. Plays
are written down as they end, so that a run that is cut (``--minutes``) is gone on with by the next; when all is played,
the tables are written into ``docs/integrity.md``.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from tests.cheats.defences import ALL
from tests.cheats.ground import Ground, Played, open_ground
from tests.cheats.honest_pages import honest_pages
from tests.cheats.mutation import show_need
from tests.cheats.page import Page, read_cheats
from tests.cheats.peel import TRIES, kinds, peel, tell
from tests.cheats.record import ROOT, Record
from tests.cheats.table import whole_table, write_into

PARTS = ("cheats", "honest", "mutation")
TABLE = ROOT / "docs/integrity.md"


class Theatre:
    """Plays what the record does not know yet, on targets that are set up when they are first needed."""

    def __init__(self, base: Path, record: Record, until_s: float) -> None:
        self._base, self._record, self._until_s = base, record, until_s
        self._open: dict[str, Ground] = {}

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._until_s

    def play(self, page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played | None:
        """Return what comes of a page; None when the time is up and it is not known."""
        known = self._record.find(page, unheeded, is_walled=is_walled)
        if known is not None or self.is_over:
            return known
        played = self._try(page, unheeded, is_walled)
        self._record.add(page, played, is_walled=is_walled)
        return played

    def _try(self, page: Page, unheeded: Collection[str], is_walled: bool) -> Played:
        if page.target not in self._open:
            self._open[page.target] = open_ground(self._base / page.target, page.target)
        ground = self._open[page.target]
        for _ in range(TRIES - 1):
            played = ground.play(page, unheeded, is_walled=is_walled, once=not page.caught_by)
            if played.is_told:
                return played
        return ground.play(page, unheeded, is_walled=is_walled, once=not page.caught_by)

    def end(self) -> None:
        for ground in self._open.values():
            ground.end()


def play_cheats(theatre: Theatre, pages: Sequence[Page]) -> int:
    """Print each cheat with everybody who stood in its way; return how many got through."""
    through = 0
    for page in pages:
        looks = () if page.stored else peel(theatre.play, page)
        if looks:
            through += looks[0].got_through
            told = " > ".join(tell(one) for one in looks)
            print(f"{page.name:<30} {len(kinds(looks))} kinds: {told}  [{looks[0].why[:90]}]", flush=True)
        elif page.stored:
            print(f"{page.name:<30} not played: {page.stored}", flush=True)
    return through


def play_honest(theatre: Theatre, pages: Sequence[Page]) -> int:
    """Print what came of each honest patch; return how many were refused."""
    refused = 0
    for page in pages:
        played = theatre.play(page)
        if played is None:
            continue
        refused += bool(played.rule)
        told = f"REFUSED by {played.rule}: {played.why[:160]}" if played.rule else f"{played.ending} {played.why[:120]}"
        print(f"{page.name:<30} {told}", flush=True)
    return refused


def play_mutation(theatre: Theatre, pages: Sequence[Page]) -> int:
    """Switch each check off in turn; return how many no cheat needs."""
    idle = 0
    for check in ALL:
        need = show_need(theatre.play, [page for page in pages if not page.stored], check)
        idle += not need
        print(f"{check:<36} {need or 'NOTHING NEEDS IT'}", flush=True)
    return idle


def main() -> int:
    """Play what was asked for; exit code 1 when a cheat got through, an honest patch was refused or a check is idle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--only", nargs="+", default=[], help="beginnings of names")
    parser.add_argument("--record", nargs="+", type=Path, default=[ROOT / "out/cheats.jsonl"])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then; the next run goes on")
    parser.add_argument("--into", type=Path, default=TABLE, help="where the tables go when all is played")
    parser.add_argument("--partly", action="store_true", help="write the tables of what is played so far")
    options = parser.parse_args()
    parts, chosen = options.parts or PARTS, tuple(options.only) or ("",)
    cheats, honest = read_cheats(), honest_pages()
    options.record[0].parent.mkdir(parents=True, exist_ok=True)
    record = Record(options.record)
    with tempfile.TemporaryDirectory(prefix="kernel-opt-cheats-") as folder:
        theatre = Theatre(Path(folder).resolve(), record, time.monotonic() + 60 * options.minutes)
        own, others = ([page for page in pages if page.name.startswith(chosen)] for pages in (cheats, honest))
        bad = play_cheats(theatre, own) if "cheats" in parts else 0
        bad += play_honest(theatre, others) if "honest" in parts else 0
        bad += play_mutation(theatre, own) if "mutation" in parts else 0
        theatre.end()
    table = whole_table(record.find, cheats, honest, partly=options.partly)
    if table is None:
        print("\nnot all is played yet")
    else:
        write_into(options.into, table)
        print(f"\n{table}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())

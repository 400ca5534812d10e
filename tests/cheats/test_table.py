"""The tables say what was played: no more, and nothing before all is."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cheats.defences import ALL, kind_of
from tests.cheats.ground import Played
from tests.cheats.mutation import show_need
from tests.cheats.page import Page
from tests.cheats.peel import defenders, kinds, peel, tell
from tests.cheats.record import Record, digest_code
from tests.cheats.table import BEGIN, END, whole_table, write_into

THROUGH, TIE = Played("kept", ""), Played("tie", "as fast")
CHAINS: dict[str, tuple[tuple[str, ...], Played]] = {
    "01_one_line": (("skipped-calls",), THROUGH),
    "02_two_of_a_kind": (("skipped-calls", "uneven-calls"), THROUGH),
    "03_two_kinds": (("poison", "blind"), THROUGH),
    "04_slow_without": (("held-out",), TIE),
    "05_nobody": ((), THROUGH),
}
"""Who catches a page, in order, and how it ends without them."""
PAGES = tuple(Page(name, name, caught_by=checks) for name, (checks, _) in CHAINS.items())


def play(page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played | None:
    """Play by the list."""
    del is_walled
    if page.name not in CHAINS:
        return Played("kept", "")
    checks, end = CHAINS[page.name]
    left = [check for check in checks if check not in unheeded]
    known = Played("refused", "seen", left[0]) if left else end
    return replace(known, unheeded=frozenset(unheeded))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_cheat_is_played_until_nobody_catches_it(page: Page) -> None:
    """Each look is without all who caught it before."""
    checks, end = CHAINS[page.name]
    looks = peel(play, page, enough=0)
    assert [one.rule for one in looks] == [*checks, ""]
    assert defenders(looks) == (*checks, *(() if end is THROUGH else ("GPU time decides",)))
    assert len(kinds(looks)) == len({kind_of(name) for name in defenders(looks)})
    assert len(kinds(peel(play, page))) == min(2, len(kinds(looks)))


def test_walls_are_taken_away_last() -> None:
    """Where nothing was refused with them, it is played without."""
    walled = Page("27_restore", "x", caught_by=("sandbox",), walls=True)
    looks = peel(lambda *_, is_walled=True: TIE if is_walled else THROUGH, walled)
    assert [tell(one) for one in looks] == ["GPU time decides", "got through"]
    unsafe = Page("40_installs", "x", caught_by=("sandbox",), walls=True, unsafe=True)
    assert len(peel(lambda *_, is_walled=True: TIE if is_walled else THROUGH, unsafe)) == 1


def test_each_check_has_a_cheat_that_needs_it() -> None:
    """First lines alone, second lines with the others off; of the rest it is said that nothing needs them."""
    assert show_need(play, PAGES, "skipped-calls") == "without it 01_one_line gets through"
    assert show_need(play, PAGES, "uneven-calls").startswith("second line: with skipped-calls off, 02_two_of_a_kind")
    assert show_need(play, PAGES, "poison").startswith("second line: with blind off")
    assert show_need(play, PAGES, "held-out") == ""
    assert show_need(play, PAGES, "alone") == ""


def test_what_walls_make_idle_is_needed_where_none_stand() -> None:
    """A check that only bare machines need is no decoration."""
    page = Page("27_restore", "x", caught_by=("tampered-files",), walls=True)

    def bare(_: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played:
        seen = Played("refused", "seen", "tampered-files", (), frozenset(unheeded))
        return TIE if is_walled else THROUGH if "tampered-files" in unheeded else seen

    told = "where no walls can be raised: without it 27_restore gets through"
    assert show_need(bare, (page,), "tampered-files") == told
    assert show_need(lambda *_, **__: TIE, (page,), "tampered-files") == ""


def test_the_tables_tell_who_was_caught(tmp_path: Path) -> None:
    """Counted by rows; whoever got through is named as such."""
    honest = (Page("fused", "x"), Page("renamed", "x"))
    table = whole_table(play, PAGES, honest)
    assert table is not None
    assert "**Caught 4/41** rows of the catalogue, **2/41** by two or more" in table
    assert "| 05 nobody | **nobody** | gets through | 0 |" in table
    assert "| 03 two kinds | poison, blind |  | 2 |" in table
    assert "| held-out | **nothing** |" in table
    assert "**Honest patches: 0 of 2 played refused**; 2 are told: 2 kept." in table
    path = tmp_path / "doc.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_into(path, table)
    assert path.read_text() == f"before\n{BEGIN}\n\n{table}\n\n{END}\nafter\n"


def test_nothing_is_told_before_all_is_played() -> None:
    """Nor of a list that was cut off."""

    def cut(page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played | None:
        return None if unheeded and page.name == "02_two_of_a_kind" else play(page, unheeded, is_walled=is_walled)

    assert whole_table(cut, PAGES, ()) is None
    partly = whole_table(cut, PAGES, (), partly=True)
    assert partly is not None
    assert "| 02 two of a kind | not played yet | | |" in partly
    assert "**Caught 3/41**" in partly
    assert whole_table(lambda *_, **__: None, PAGES, (Page("fused", "x"),)) is None


def test_a_record_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """For the same code and the same page; walls and what was unheeded make another play."""
    path, page = tmp_path / "plays.jsonl", PAGES[0]
    record = Record([path], "code1")
    refused = Played("refused", "seen", "poison", ("poison",), frozenset({"blind"}))
    record.add(page, refused)
    record.add(page, THROUGH, is_walled=False)
    again = Record([tmp_path / "none.jsonl", path], "code1")
    assert again.find(page, ("blind",)) == refused
    assert again.find(page) is None
    assert again.find(page, is_walled=False) == THROUGH
    assert Record([path], "code2").find(page, ("blind",)) is None
    assert again.find(Page(page.name, "other", script="pass"), ("blind",)) is None


def test_the_code_is_known_by_its_bytes(tmp_path: Path) -> None:
    """Any file that a play hangs on counts."""
    (tmp_path / "a.py").write_text("1")
    before = digest_code(tmp_path, ("*.py",))
    assert digest_code(tmp_path, ("*.py",)) == before
    (tmp_path / "a.py").write_text("2")
    assert digest_code(tmp_path, ("*.py",)) != before
    assert len(set(ALL)) == len(ALL)

"""Several rounds at once, with real processes, real worktrees and cards of a file: the same books as with one."""

import json
from pathlib import Path

import pytest

from kernel_opt.model.facts import Measured, Purpose
from kernel_opt.model.round_facts import Ending, Proposed, RoundOpened
from tests.crash.lives import finish, is_killed, last_words, live
from tests.e2e.proof import prove, prove_quiet
from tests.e2e.side_by_side import dropped, gains, kept_rounds, kernel, make, prove_rebased_was_judged_again
from tests.e2e.toy import TAG, Toy, hold, writes

APART = {"1:propose": gains("small", small=90.0), "2:propose": gains("large", large=180.0)}
"""Two gains that do not touch each other."""
BOTH = kernel(small=90.0, large=180.0)
SAME_LINE = {"1:propose": gains("a little", small=90.0), "2:propose": gains("much", small=80.0)}
"""Two gains of which only one can be had."""


def code_of(toy: Toy) -> str:
    return toy.git("show", f"kernel-opt/{TAG}:kernels/k.py")


def lanes_left(toy: Toy) -> list[str]:
    """What is left of the lanes, on the disk and in the repository."""
    folder = toy.worktree.with_name(f"{toy.worktree.name}.lanes")
    known = [line for line in toy.git("worktree", "list").splitlines() if ".lanes/" in line]
    return [*known, *(str(path) for path in (folder.rglob("*") if folder.exists() else ()))]


def test_two_gains_that_do_not_touch_are_both_kept(tmp_path: Path) -> None:
    """The second is put on the first, checked, measured and judged again; each was paired with best on its own card."""
    toy = make(tmp_path / "toy", APART)
    toy.start()
    toy.wait_end()
    kept = kept_rounds(toy)
    assert sorted(kept) == [1, 2]
    prove_rebased_was_judged_again(toy, kept[1])
    assert code_of(toy) == BOTH
    for fact in toy.facts(Measured):
        assert len({run.card for run in fact.measurement.runs}) == 1
    bests = {fact.measurement.best for fact in toy.facts(Measured) if fact.purpose is Purpose.ROUND}
    assert len(bests) == 2
    assert lanes_left(toy) == []
    prove(toy)


def test_of_two_gains_on_the_same_line_one_is_kept(tmp_path: Path) -> None:
    """The other is dropped with a reason that names the round that came first."""
    toy = make(tmp_path / "toy", SAME_LINE)
    toy.start()
    toy.wait_end()
    (kept,) = kept_rounds(toy)
    (lost,) = dropped(toy).values()
    assert (lost.ending, f"round {kept}" in lost.why, "kernels/k.py" in lost.why) == (Ending.REBASE_LOST, True, True)
    assert toy.state().tally.regressions_in_a_row == 0
    prove(toy)


def test_a_round_is_drafted_ahead_while_the_card_is_taken(tmp_path: Path) -> None:
    """One more than there are lanes, each in a worktree of its own; stopped at once, nothing of any of them is left."""
    book = {f"{number}:propose": writes(kernel(hold(tmp_path / "toy"), small=100.0 - number)) for number in (1, 2, 3)}
    toy = make(tmp_path / "toy", book)
    toy.holding.touch()
    toy.start()
    toy.wait(lambda: len(toy.facts(Proposed)) == 3, "three rounds are drafted")
    toy.wait_held()
    assert {fact.lane for fact in toy.facts(RoundOpened)} == {1, 2, 3}
    seen = json.loads(toy.cli("status", "--json").stdout)["runs"][0]
    assert (seen["lanes_limit"], [one["round"] for one in seen["lanes"]]) == (2, [1, 2, 3])
    assert toy.cli("stop", "--now").returncode == 0
    toy.wait_end()
    assert lanes_left(toy) == []
    prove_quiet(toy)
    toy.holding.unlink()
    toy.resume("--max-rounds", "1")
    toy.wait_end()
    assert len(kept_rounds(toy)) + len(dropped(toy)) == len(toy.facts(RoundOpened))
    prove(toy, stops=2)


SLOW_PLACES = ("rebase:before", "checked", "measured")


@pytest.mark.parametrize(
    "place", ["rebase:after", *(pytest.param(place, marks=pytest.mark.slow) for place in SLOW_PLACES)]
)
def test_a_daemon_that_is_killed_with_rounds_open_resumes_them_all(tmp_path: Path, place: str) -> None:
    """Whenever it dies, it ends with the same code; each round has ended once."""
    places = {"checked": "check:after:kill@2", "measured": "measure:after:kill@3"}
    toy = make(tmp_path / "toy", APART)
    assert is_killed(live(toy, [places.get(place, f"{place}:kill")])), last_words(toy)
    finish(toy)
    assert sorted(kept_rounds(toy)) == [1, 2]
    assert code_of(toy) == BOTH
    prove(toy)


@pytest.mark.slow
def test_many_lanes_killed_again_and_again(tmp_path: Path) -> None:
    """Four lanes, eight rounds, a kill in each life: the books are as if nothing had happened."""
    us = {f"c{number}": 100.0 for number in range(8)}
    book = {f"{n + 1}:propose": gains(f"gain {n}", **(us | {f"c{n}": 80.0})) for n in range(8)}
    toy = make(tmp_path / "toy", book, lanes=4, cards=8, code=kernel(**us))
    for kill in ("propose:after@3", "bench:after@5", "measure:before@4", "publish:before@2", "rebase:after@2"):
        name, _, nth = kill.partition("@")
        live(toy, [f"{name}:kill@{nth}"])
    finish(toy)
    assert len(kept_rounds(toy)) + len(dropped(toy)) == 8
    prove(toy)


@pytest.mark.slow
def test_two_runs_share_the_cards_of_a_host(tmp_path: Path) -> None:
    """One has more lanes than there are cards; the other, begun later, gets its round while that one goes on."""
    slow = "import time\ntime.sleep(0.3)\n"
    book = {f"{n}:propose": writes(kernel(slow, small=100 + n / 1000)) for n in range(1, 13)}
    greedy = make(tmp_path / "greedy", book, lanes=3, cards=2, code=kernel(slow))
    modest = make(tmp_path / "modest", {"1:propose": writes(kernel(slow, small=100.001))}, lanes=1, code=kernel(slow))
    modest.config.write_text(modest.config.read_text().replace("interval_s = 0.05", "interval_s = 0.5"))
    modest.cards.unlink()
    modest.cards.symlink_to(greedy.cards)
    modest.environ["KERNEL_OPT_LEASE_DIR"] = greedy.environ["KERNEL_OPT_LEASE_DIR"]
    greedy.start()
    greedy.wait(lambda: len(greedy.facts(RoundOpened)) == 4, "all lanes are taken")
    modest.start()
    modest.wait_end()
    assert greedy.pid() is not None, "the other run had to wait until this one was over"
    assert dropped(modest)
    greedy.wait_end()
    assert len(dropped(greedy)) == 12
    prove(greedy)

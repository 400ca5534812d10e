"""The daemon is killed at every named place, one after the other in one run, and the run ends as if nothing was."""

import json
from pathlib import Path

import pytest

from kernel_opt.model.facts import Faulted, NoIdleGpu, Paused, Stopped, Unpaused
from tests.agents.book import claim
from tests.agents.running import CLAUDE, aim_stand_in, make_run
from tests.crash.elsewhere import ELSEWHERE, kill_at_explaining, kill_at_forced_end, kill_at_rest, prove_forced_end
from tests.crash.lives import find_places, finish, fired, is_killed, last_words, live
from tests.e2e.proof import prove
from tests.e2e.toy import STORY, STORY_KERNELS, TAG, kernel, make_toy, writes


def test_a_run_killed_at_every_named_place_ends_as_if_never_killed(tmp_path: Path) -> None:
    """Keep, regression, repair and keep: the same commits, each fact once, after dozens of crashes in a row."""
    toy = make_toy(tmp_path / "toy", STORY)
    toy.cards.write_text(json.dumps([{"use_pct": 90.0}]))
    places = [place for place in find_places() if place.split(":")[0] not in ELSEWHERE]
    left = set(places)
    while left:
        code = live(toy, [f"{place}:kill" for place in sorted(left)])
        assert is_killed(code), f"{sorted(left)} were never reached: {last_words(toy)}"
        left.remove(fired(toy))
        if not {"wait:before", "wait:after"} & left:
            toy.cards.write_text("[{}]")
    finish(toy)
    assert not toy.facts(Faulted)
    prove(toy, STORY_KERNELS)


def test_a_paused_run_is_killed_while_it_rests(tmp_path: Path) -> None:
    """Before it rests it goes on resting, after it was woken it goes on; the pause is told once."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(kernel(110, 220))})
    kill_at_rest(toy)
    finish(toy)
    assert [type(fact) for fact in toy.facts(Paused, Unpaused)] == [Paused, Unpaused]
    prove(toy)


def test_a_run_is_killed_while_it_asks_for_a_message(tmp_path: Path) -> None:
    """It asks again when it must; the gain is kept once, with the agent's words."""
    toy = make_run(tmp_path / "toy", CLAUDE)
    edit = {"files": {"kernels/k.py": kernel(90, 180)}, "says": claim("less work"), "trouble": ""}
    words = {"files": {}, "says": "It waits less.", "trouble": ""}
    aim_stand_in(toy, {"1:propose": edit, "1:commit-message": words})
    kill_at_explaining(toy)
    finish(toy)
    prove(toy, [kernel(100, 200), kernel(90, 180)])
    assert toy.git("log", "--format=%B", f"kernel-opt/{TAG}").count("It waits less.") == 1


def test_a_run_is_killed_while_it_gives_up(tmp_path: Path) -> None:
    """On a branch that its user moved it ends once all the same, and leaves the branch alone."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(kernel(90, 180))})
    kill_at_forced_end(toy)
    finish(toy)
    prove_forced_end(toy)


@pytest.mark.parametrize("place", ["export_tree:before", "let_go:before", "commit:before", "put_back:before"])
def test_a_disk_that_is_full_for_a_moment_costs_nothing(tmp_path: Path, place: str) -> None:
    """The step is taken again when there is room; the card it had leased is let go meanwhile."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(kernel(110, 220))})
    assert live(toy, [f"{place}:enospc@3"]) == 0, last_words(toy)
    assert not toy.facts(NoIdleGpu)
    assert toy.facts(Stopped)[0].code == "max-rounds"
    prove(toy)

"""A track is told by its journal alone."""

import pytest
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.study import TrackName
from kernel_opt.views.study_tracks import Track, read_track
from tests.views import canned
from tests.views.canned import Canned

NAME = TrackName("study-s-a-1", "a", 1)


def end(run: Canned, code: str = "max-rounds") -> Canned:
    run.add(f.StopPlanned(reason=f"because of {code}", code=code))
    run.add(f.Stopped(reason=f"because of {code}", code=code, best=run.state.tip))
    return run


def read(run: Canned, rounds: int = 4) -> Track:
    return read_track(NAME, run.entries, rounds)


def test_the_speed_up_after_each_round() -> None:
    """It grows with the keeps; the last one is what was measured afresh; rounds that measured nothing count too."""
    run = Canned().baseline().drop().keep((0.5, 0.5)).fail().keep((0.8, 0.8))
    found = read(end(run.headline()))
    assert found.curve == pytest.approx((1.0, 2.0, 2.0, 2.5))
    assert (found.is_done, found.why, found.is_afresh) == (True, "because of max-rounds", True)
    assert (found.rounds, found.measured, found.keeps) == (4, 3, 2)
    assert found.gpu_s == round(run.state.tally.gpu_s, 1)
    assert (found.calls, found.tokens, found.cost_usd) == (4, 40_000, 0.2)


def test_a_fresh_measurement_corrects_the_end_alone() -> None:
    """What is known of the end is what was measured there; the rounds before stay as they were judged."""
    run = Canned().baseline().keep((0.5, 0.5)).drop()
    run.factors = [0.4, 0.4]
    found = read(end(run.headline()), rounds=2)
    assert found.curve == pytest.approx((2.0, 2.5))
    assert found.speed_up == pytest.approx(2.5)


def test_what_ended_early_stays_where_it_was() -> None:
    """It had the budget and did not use it."""
    found = read(end(Canned().baseline().keep((0.5, 0.5)), "regressions"), rounds=3)
    assert (found.is_done, found.is_afresh) == (True, False)
    assert found.curve == pytest.approx((2.0, 2.0, 2.0))
    unchanged = read(end(Canned().baseline(), "max-cost"), rounds=2)
    assert (unchanged.curve, unchanged.speed_up) == ((1.0, 1.0), 1.0)


@pytest.mark.parametrize("code", ["no-idle-gpu", "infrastructure", "asked", "disk-full", "max-rounds", "proposer"])
def test_a_track_that_was_cut_off_does_not_count(code: str) -> None:
    """The machine, a person, an earlier smaller budget, a model out of reach: it has to go on first."""
    run = Canned().baseline().keep()
    assert not read(end(run, code)).is_done


def test_a_proposer_without_a_model_may_run_dry() -> None:
    """Then there is nothing more to come; the same word of a model means that it cannot be reached."""
    run = Canned().baseline()
    run.open()
    run.add(f.ProposerAway(why="no idea left", final=True))
    assert read(end(run, "proposer"), rounds=3).is_done


def test_tracks_that_have_not_ended() -> None:
    """Not begun, no baseline yet, in the middle."""
    assert (read_track(NAME, [], 3).why, read_track(NAME, [], 3).speed_up) == ("not begun", None)
    assert (read(canned.fresh()).why, read(canned.fresh()).curve) == ("under way", ())
    found = read(canned.running())
    assert (found.is_done, found.why, found.rounds, found.begun) == (False, "under way", 4, 5)
    broken = end(Canned(), "infrastructure")
    assert (read(broken).is_done, read(broken).why) == (False, "because of infrastructure")


def test_what_came_after_the_budget_is_left_out() -> None:
    """A track that was stopped in its last round and resumed may have one more."""
    run = Canned().baseline().keep((0.5, 0.5)).drop(Ending.REGRESSION).keep((0.5, 0.5))
    found = read(end(run.headline()), rounds=2)
    assert found.curve == pytest.approx((2.0, 2.0))
    assert (found.speed_up, found.is_afresh, found.is_done) == (pytest.approx(2.0), False, True)
    assert replace(found, tag="x").arm == "a"

"""The curve of a run: kept steps, what else was tried, and how well each is known."""

import msgspec
import pytest

from kernel_opt.model.verdict import Outcome
from kernel_opt.views.gains import Gain
from kernel_opt.views.progress import Level, Progress, trace_progress
from kernel_opt.views.run_story import tell_run
from tests.views import canned
from tests.views.canned import Canned
from tests.views.journals import JOURNALS


def progress_of(run: Canned) -> Progress:
    story = tell_run(run.entries)
    return trace_progress(story.levels, story.rounds)


def test_before_the_baseline_there_is_nothing():
    """A fresh run has no curve, and a baseline alone is a flat one."""
    assert progress_of(canned.fresh()) == Progress(rounds=0, levels=(), tries=(), unmeasured=0)
    (level,) = progress_of(Canned().baseline()).levels
    assert (level.round, level.gain.gain_pct, level.gain.uncertainty_pct) == (0, 0.0, 0.0)


def test_each_keep_is_a_step():
    """Best stands where its own benchmark put it, never on a sum of verdicts."""
    found = progress_of(Canned().baseline().keep((0.9, 0.95)).drop().keep((0.99, 0.98)))
    assert [one.round for one in found.levels] == [0, 1, 3]
    assert [one.gain.gain_pct for one in found.levels] == [0.0, 7.5, 8.9]
    assert all(not one.is_afresh and one.pairs == 0 for one in found.levels)
    assert [one.is_kept for one in found.tries] == [True, False, True]
    assert found.tries[2].gain == found.levels[2].gain


def test_a_dropped_candidate_is_placed_against_the_best_of_its_time():
    """Its own verdict on top of where best stood; the two uncertainties add in squares."""
    found = progress_of(canned.running())
    worse = found.tries[-1]
    assert (worse.round, worse.ending, worse.pairs) == (4, "regression", 6)
    assert worse.gain.gain_pct == pytest.approx(100 * (1 - 0.925 * 1.07), abs=0.06)
    assert worse.gain.uncertainty_pct == pytest.approx((0.94**2 + 0.4**2) ** 0.5, abs=0.01)


def test_what_was_never_measured_is_counted():
    """A candidate that crashed has no place among gains."""
    found = progress_of(JOURNALS["endings"]())
    assert found.rounds == 13
    assert found.unmeasured == 6
    assert len(found.tries) == 7


def test_a_measurement_afresh_corrects_the_curve():
    """It is a point of its own, with its pairs; later rounds stand on it."""
    run = Canned().baseline().keep().headline().drop()
    found = progress_of(run)
    assert [(one.round, one.is_afresh, one.pairs) for one in found.levels] == [
        (0, False, 0),
        (1, False, 0),
        (1, True, 6),
    ]
    assert found.pairs == 18
    assert found.tries[-1].gain.uncertainty_pct == pytest.approx((0.4**2 + 0.4**2) ** 0.5, abs=0.01)


def test_what_is_unknown_stays_unknown():
    """A verdict without figures gives no point; a level without a figure gives tries without one."""
    run = Canned().baseline()
    run.propose()
    run.bench((1, 1))
    run.judge(Outcome.UNCLEAR, (1.0, 1.0))
    run.add(canned.r.Dropped(ending=canned.Ending.UNCLEAR, why="w"))
    story = tell_run(run.entries)
    nowhere = [Level(round=0, at_s=0, gain=Gain(), pairs=0)]
    assert trace_progress(nowhere, story.rounds).tries[0].gain == Gain()
    story.rounds[0].verdict = canned.replace(story.rounds[0].verdict, overall_ratio=None, overall_interval=None)
    assert trace_progress(story.levels, story.rounds).unmeasured == 1


def test_it_can_be_written_as_json():
    """Other views draw from the same figures."""
    found = progress_of(canned.running())
    assert msgspec.json.decode(msgspec.json.encode(found), type=Progress) == found

from msgspec.structs import replace

from kernel_opt.model.measurement import Metric
from kernel_opt.views.gains import class_gains, class_mean_us, is_headline_current, overall_gain
from tests.views import canned


def test_single_runs_say_so_and_are_wider():
    """Until baseline and best are measured side by side, the gain is of single runs and not very sure."""
    state = canned.Canned().baseline().keep((0.9, 0.95)).state
    gain = overall_gain(state)
    assert gain.how == "script time, one benchmark run of each"
    assert (gain.gain_pct, gain.uncertainty_pct) == (7.5, 0.94)
    assert [one.gain.gain_pct for one in class_gains(state)] == [10, 5.0]


def test_a_fresh_headline_is_what_counts():
    """Measured afresh beats single runs, per class too, and names its metric."""
    state = canned.Canned().baseline().keep().headline().state
    assert is_headline_current(state)
    assert overall_gain(state).how == "GPU time, measured afresh"
    assert {one.gain.how for one in class_gains(state)} == {"GPU time, measured afresh"}


def test_gpu_time_of_the_whole_run_knows_no_classes():
    """With only the whole run's GPU time, what is said of a class is script time."""
    state = canned.Canned().baseline().keep().headline().state
    state = replace(state, headline=replace(state.headline, metric=Metric.GPU_WHOLE))
    assert {one.gain.how for one in class_gains(state)} == {"script time, measured afresh"}


def test_a_headline_of_an_older_best_is_not_used():
    """After one more keep, the figure measured before it is history."""
    state = canned.Canned().baseline().keep().headline().keep().state
    assert not is_headline_current(state)
    assert overall_gain(state).how == "script time, one benchmark run of each"


def test_unknown_stays_unknown():
    """No baseline, a missing row, or an unknown noise are never a number."""
    assert overall_gain(canned.fresh().state).gain_pct is None
    state = canned.Canned().baseline().keep().state
    short = replace(state.best, run=replace(state.best.run, rows=state.best.run.rows[:1]))
    assert overall_gain(replace(state, best=short)).gain_pct is None
    assert class_gains(replace(state, best=short))[0].gain.gain_pct is None
    blind = replace(state, detectable_pct={})
    assert overall_gain(blind).uncertainty_pct is None
    assert class_gains(blind)[0].gain.uncertainty_pct is None
    assert class_mean_us(None, canned.CLASSES[0]) is None


def test_before_the_first_row_there_is_no_gain_per_class():
    """Between benchmark and baseline row the classes are known, their gain is not."""
    gains = class_gains(canned.Canned().to_baseline().state)
    assert [one.gain.gain_pct for one in gains] == [None, None]
    assert [one.best_us for one in gains] == [None, None]


def test_a_headline_that_lacks_a_class_falls_back():
    """A class that was not read in the headline is told from single runs."""
    state = canned.Canned().baseline().keep().headline().state
    headline = replace(state.headline, classes=state.headline.classes[1:])
    hows = [one.gain.how for one in class_gains(replace(state, headline=headline))]
    assert hows == ["script time, one benchmark run of each", "GPU time, measured afresh"]

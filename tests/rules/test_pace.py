"""What a step usually takes is told from this run's own past, and from nothing else."""

import pytest

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.facts import Entry, Fact, Purpose
from kernel_opt.model.state import Expected, Pace
from kernel_opt.rules.answers import ANSWERS
from kernel_opt.rules.pace import RECENT, expect, expect_round, note_pace
from tests import fakes

BENCH = s.Bench("c", "candidate.log")


def fold(*told: tuple[float, Fact], idle: tuple[type[Fact], ...] = (f.DaemonStarted,)) -> Pace:
    """Fold facts, each so many seconds after the one before."""
    pace, now_s = Pace(), 1000.0
    for passed_s, fact in told:
        entry = Entry(seq=1, round=1, at_s=now_s + passed_s, boottime_s=0, boot_id="b", fact=fact)
        pace = note_pace(pace, entry, now_s, is_idle=isinstance(fact, idle))
        now_s += passed_s
    return pace


def benched() -> f.Benched:
    return f.Benched(run=fakes.bench_run())


def opened() -> r.RoundOpened:
    return r.RoundOpened(round=1, best="base", seed=1)


def dropped() -> r.Dropped:
    return r.Dropped(ending=r.Ending.TIE, why="tie")


def test_an_unknown_length_is_none():
    """A step that this run has not done yet has no usual length, and neither has the first round."""
    assert expect(Pace(), BENCH) is None
    assert expect_round(Pace()) is None
    assert expect(fold((60, benched())), s.Format(fakes.candidate("c"))) is None
    assert expect(fold((60, benched())), s.Wait(0, "")) is None


def test_the_median_of_the_last_few():
    """One cold start does not make the next step look early, and old times are forgotten."""
    assert expect(fold((900, benched()), (60, benched()), (62, benched())), BENCH) == Expected(62, 3)
    many = fold(*[(900, benched())] * 20, *[(30, benched())] * RECENT)
    assert expect(many, BENCH) == Expected(30, RECENT)


def test_measurements_are_told_apart_by_purpose():
    """Noise and headline take much longer than a round's pairs."""
    pace = fold((600, fakes.measured(Purpose.NOISE)), (100, fakes.measured(Purpose.ROUND)))
    assert expect(pace, s.Measure("b", "c", Purpose.ROUND)) == Expected(100, 1)
    assert expect(pace, s.Measure("b", "c", Purpose.NOISE)) == Expected(600, 1)
    assert expect(pace, s.Measure("b", "c", Purpose.HEADLINE)) is None


def test_a_step_cut_short_teaches_nothing():
    """A candidate that broke at once makes no benchmark look short; nor does a dead daemon or a clock set back."""
    broke = f.Broke(commit="c", kind="crash", why="x", folder="x")
    assert expect(fold((1, broke)), BENCH) is None
    assert expect(fold((50, benched()), (-500, benched())), BENCH) == Expected(50, 1)
    assert expect(fold((5000, benched()), idle=(f.Benched,)), BENCH) is None


def test_a_round_counts_without_its_waits():
    """Waits, pauses and the time without a daemon are no part of what a round takes."""
    waited, started = f.Waited(waited_s=600, reason="gpu"), fakes.daemon_started(wished=False)
    pace = fold((0, opened()), (60, benched()), (600, waited), (7000, started), (40, dropped()))
    assert expect_round(pace) == Expected(100, 1)
    assert (pace.round_since_s, pace.round_waited_s) == (1000.0, 7600.0)
    assert fold((0, opened()), (600, waited), (0, opened())).round_waited_s == 0


ONE_OF_EACH = [*fakes.one_of_each(), *map(fakes.measured, Purpose)]


@pytest.mark.parametrize("step", [one for one in ANSWERS if one not in {s.Wait, s.Rest, s.Close, s.PlanStop, s.Finish}])
def test_every_step_that_takes_time_is_known(step):
    """No step is forgotten: one of its own answers, and none of another step, tells how long it takes."""
    asked = [s.Measure("b", "c", one) for one in Purpose] if step is s.Measure else [object.__new__(step)]
    for each in asked:
        telling = {type(fact) for fact in ONE_OF_EACH if expect(fold((10, fact)), each)}
        assert telling
        assert telling <= set(ANSWERS[step])

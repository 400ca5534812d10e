"""A probe is timed once, right or wrong, and ends there: whatever it shows, it is never kept."""

import pytest
from msgspec.structs import replace

from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.facts import Benched
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Broken, Opened, Ready, Right, Runnable, Tries, Wrong
from kernel_opt.model.state import Best, RunState
from kernel_opt.rules.memory.probe import end_probe, is_probe, tell_probe
from kernel_opt.rules.protocol import next_step
from tests.fakes import bench_run, benched_wrong, candidate, fold, hypothesis, settings

PROBE = Ask(aim=Aim.PROBE)


def state(stage: object, ask: Ask | None = PROBE) -> RunState:
    return RunState(round=3, best=Best("tip", "code", bench_run(us=100.0), 0), stage=stage, ask=ask)  # type: ignore[arg-type]


def test_the_ask_makes_the_probe() -> None:
    """Not what a proposer says; old runs asked for nothing."""
    assert is_probe(state(Ready()))
    assert not is_probe(state(Ready(), Ask(aim=Aim.RADICAL)))
    assert not is_probe(state(Ready(), None))
    opened = fold(r.RoundOpened(round=4, best="b", seed=1, ask=PROBE), state=replace(state(Ready()), ask=None))
    assert is_probe(opened)
    assert isinstance(opened.stage, Opened)


def test_a_right_probe_is_not_measured() -> None:
    """Its script time against best's says enough; no pairs, no verdict, no keep."""
    run = Right(hypothesis(), candidate(), bench_run("cand", us=88.0), Tries())
    drop = next_step(state(run), settings())
    assert drop == s.Drop(Ending.PROBED, "without this cost about 12 % faster over 2 configs (script time, one run)")
    assert isinstance(next_step(state(run, None), settings()), s.Measure)


def test_a_wrong_probe_is_not_repaired() -> None:
    """Its times were kept for this alone."""
    after = fold(
        replace(benched_wrong(), us={"0": 50.0, "1": 50.0}),
        state=state(Runnable(hypothesis(), candidate(), Tries())),
    )
    assert isinstance(after.stage, Wrong)
    drop = next_step(after, settings())
    assert isinstance(drop, s.Drop)
    assert drop.ending is Ending.PROBED
    assert drop.why.startswith("without this cost about 50 % faster over 2 configs")
    assert drop.why.endswith("wrong, as they may be")
    assert isinstance(next_step(replace(after, ask=None), settings()), s.Amend)


def test_the_round_ends_as_a_probe() -> None:
    """It is remembered with what it had been asked for, and counts as no regression."""
    run = Right(hypothesis(), candidate(), bench_run("cand"), Tries())
    after = fold(r.Dropped(ending=Ending.PROBED, why="told"), state=state(run))
    (trial,) = after.trials
    assert (trial.ending, trial.aim, trial.why) == (Ending.PROBED, Aim.PROBE, "told")
    assert after.best == state(run).best


@pytest.mark.parametrize("us", [90.0, 100.0, 140.0])
def test_no_fact_of_a_run_leads_a_probe_to_a_keep(us: float) -> None:
    """However fast it was."""
    after = fold(Benched(run=bench_run("cand", us=us)), state=state(Runnable(hypothesis(), candidate(), Tries())))
    assert isinstance(next_step(after, settings()), s.Drop)


def test_a_broken_probe_is_as_any_other() -> None:
    """It showed nothing."""
    broken = Broken(hypothesis(), candidate(), "crash", "why", False, Tries())
    assert end_probe(state(broken)) is None
    assert next_step(state(broken), settings()) == s.Drop(Ending.FAILED, "why")


def test_what_a_probe_tells() -> None:
    """Only configs that both have; without any, that there is nothing to compare."""
    best = bench_run(us=100.0)
    assert tell_probe(best, {"0": 110.0}).startswith("without this cost about 10 % slower over 1 configs")
    for of_best, us in ((None, {"0": 1.0}), (best, {}), (best, {"0": 0.0}), (best, {"9": 5.0})):
        assert tell_probe(of_best, us) == "it left no times to compare"
    bare = state(Right(hypothesis(), candidate(), bench_run("cand"), Tries()))
    assert end_probe(replace(bare, best=None)) == s.Drop(Ending.PROBED, "it left no times to compare")
    wrong = Wrong(hypothesis(), candidate(), "w", Tries())
    assert end_probe(replace(state(wrong), best=None)) == s.Drop(
        Ending.PROBED, "it left no times to compare; its numbers are wrong, as they may be"
    )

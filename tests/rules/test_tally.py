"""What the run counts, and what it leaves alone."""

import pytest
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Fact, Purpose
from kernel_opt.model.measurement import Metric
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Empty, Opened, Ready, Right, Timed, Weighed
from kernel_opt.model.state import RunState, Tally
from kernel_opt.rules.integrity.refusals import loud_refusals
from kernel_opt.rules.tally import RECENT_REGRESSIONS, counted
from tests import fakes
from tests.fakes import advance, at_every_stage, entry, fold

BUSY = Tally(regressions_in_a_row=3, fault_rounds=1, empty_rounds=2, refusals_in_a_row=4)


def at(stage: type, tally: Tally = BUSY) -> RunState:
    return replace(at_every_stage()[stage], tally=tally)


def count(fact: Fact, state: RunState) -> Tally:
    return counted(state, entry(fact)).tally


ENDINGS = {
    Ending.REGRESSION: (4, 0, 0, 0),
    Ending.INFRASTRUCTURE: (3, 2, 2, 4),
    Ending.REFUSED: (3, 1, 2, 5),
    Ending.GAVE_NOTHING: (3, 1, 3, 0),
    Ending.PROBED: (3, 0, 0, 0),
}


@pytest.mark.parametrize("ending", Ending)
def test_each_ending_moves_its_own_counter(ending: Ending) -> None:
    """Regressions, faults, empty rounds, refusals in a row; all other endings put all four to 0."""
    fact = r.Dropped(ending=ending, why="x")
    if ending is Ending.KEPT:
        fact = r.Kept(commit="c", candidate="c", why="x")
    tally = count(fact, at(Weighed))
    counts = (tally.regressions_in_a_row, tally.fault_rounds, tally.empty_rounds, tally.refusals_in_a_row)
    assert counts == ENDINGS.get(ending, (0, 0, 0, 0))
    assert tally.endings == ((ending.value, 1),)
    assert tally.keeps == (ending is Ending.KEPT)


def test_endings_add_up() -> None:
    """By name, in order."""
    tally = Tally(endings=(("kept", 2), ("tie", 1)))
    assert count(r.Dropped(ending=Ending.TIE, why=""), at(Weighed, tally)).endings == (("kept", 2), ("tie", 2))


def test_rounds_are_counted_when_they_open() -> None:
    """Since the start or the resume."""
    assert count(r.RoundOpened(round=9, best="b", seed=1), at(Ready)).rounds_since_start == 1


SPENT: list[tuple[Fact, float]] = [
    (f.Benched(run=fakes.bench_run()), 60.0),
    (fakes.benched_wrong(), 8.0),
    (fakes.broke(), 7.0),
    (fakes.measured(Purpose.ROUND), 240.0),
    (f.Traced(commit="c", trace=None, folder="t", gpu_s=30.0), 30.0),
    (f.Judged(verdict=fakes.verdict()), 0.0),
]


@pytest.mark.parametrize(("fact", "gpu_s"), SPENT, ids=[type(fact).__name__ for fact, _ in SPENT])
def test_gpu_time_is_counted_however_a_run_ended(fact: Fact, gpu_s: float) -> None:
    """Failed runs cost as much as good ones."""
    assert count(fact, at(Right)).gpu_s == gpu_s


@pytest.mark.parametrize(
    ("fact", "gpu_s"), [(fakes.GPU_TROUBLE[1], 5.0), (fakes.FAULTS[0], 1.0)], ids=["gone", "fault"]
)
def test_thrown_away_gpu_time_is_counted_and_nothing_else(fact: Fact, gpu_s: float) -> None:
    """A contaminated measurement and a fault touch no counter."""
    assert fold(fact, state=at(Right)).tally == replace(BUSY, gpu_s=gpu_s)


def test_money_and_tokens_are_counted_as_far_as_told() -> None:
    """A proposer that does not say what it cost counts as nothing, not as a failure."""
    told = count(fakes.proposed(), at(Opened))
    assert (told.cost_usd, told.agent_tokens) == (0.25, 1200)
    silent = count(fakes.proposed(cost_usd=None), at(Opened))
    assert (silent.cost_usd, silent.agent_tokens) == (0.0, 1200)
    assert count(fakes.NOTHING, at(Opened)).agent_tokens == 11


def test_a_look_back_tells_what_was_tried_and_what_it_came_to() -> None:
    """Hypothesis, targets, and the change as measured; for a keep the recorded gain."""
    worse = advance(at(Timed), "worse", "good").lookbacks[-1]
    assert (worse.round, worse.ending, worse.sentence, worse.why) == (1, Ending.REGRESSION, "idea 1", "worse by a fake")
    assert worse.gain_pct == pytest.approx(-10.0)
    kept = advance(at(Timed), "better", "good", "good", "good", "better", "good", "good", "good").lookbacks[-1]
    assert (kept.ending, kept.gain_pct) == (Ending.KEPT, 10.0)


def test_a_round_without_hypothesis_or_verdict_looks_back_on_nothing() -> None:
    """Unknown stays unknown."""
    empty = advance(at(Empty), "good").lookbacks[-1]
    assert (empty.sentence, empty.targets, empty.gain_pct) == ("", (), None)


def test_the_last_regressions_are_remembered_with_the_metric_that_decided() -> None:
    """GPU time only where GPU time was measured; never more than five."""
    state = at(Weighed)
    assert isinstance(state.stage, Weighed)
    dropped = r.Dropped(ending=Ending.REGRESSION, why="slow")
    for metric, gpu_us in ((Metric.GPU, 125.0), (Metric.GPU_WHOLE, 125.0), (Metric.SCRIPT, None)):
        stage = replace(state.stage, verdict=fakes.verdict(fakes.Outcome.WORSE, metric=metric))
        notes = counted(replace(state, stage=stage), entry(dropped)).recent_regressions
        assert notes[-1].best_gpu_us == notes[-1].candidate_gpu_us == gpu_us
    for _ in range(RECENT_REGRESSIONS + 2):
        state = replace(counted(state, entry(dropped)), stage=state.stage)
    assert len(state.recent_regressions) == RECENT_REGRESSIONS


def test_a_regression_without_a_verdict_leaves_no_note() -> None:
    """There would be no number to tell."""
    assert counted(at(Opened), entry(r.Dropped(ending=Ending.REGRESSION, why=""))).recent_regressions == ()


def refuse(tally: Tally, proposer: str, ending: Ending = Ending.REFUSED) -> Tally:
    """One more round of this proposer ends."""
    state = at(Weighed, tally)
    assert isinstance(state.stage, Weighed)
    stage = replace(state.stage, hypothesis=replace(fakes.hypothesis(), proposer=proposer))
    return count(r.Dropped(ending=ending, why="x"), replace(state, stage=stage))


def test_refusals_are_counted_for_each_proposer() -> None:
    """Another one's honest rounds, or a fault of the machine, leave them as they are; an own honest round ends them."""
    tally = Tally()
    for proposer in ("claude", "codex", "claude", "claude", ""):
        tally = refuse(tally, proposer)
    assert tally.refused == (("", 1), ("claude", 3), ("codex", 1))
    assert loud_refusals(tally) == (("claude", 3),)
    assert loud_refusals(replace(tally, refused=(("", 3),))) == (("the proposer", 3),)
    assert refuse(tally, "claude", Ending.INFRASTRUCTURE).refused[0] == ("claude", 3)
    assert refuse(tally, "claude", Ending.TIE).refused == (("", 1), ("codex", 1))
    assert refuse(tally, "new", Ending.TIE).refused == tally.refused

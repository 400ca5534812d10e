"""What single moves carry along: numbers, classes, logs, tries."""

import pytest
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Purpose
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.stages import (
    Barred,
    BaselineRight,
    BaselineTimed,
    BaselineWeighed,
    Broken,
    Drafted,
    HeadlineTimed,
    KeepSealed,
    NeedBaseline,
    Opened,
    Ready,
    Right,
    Runnable,
    Timed,
    Unsound,
    Weighed,
    Wrong,
)
from kernel_opt.model.state import RunState
from kernel_opt.rules.move import BANK_MEASUREMENTS, at, banked
from kernel_opt.rules.protocol import is_trace_stale
from tests import fakes
from tests.fakes import KEYS, advance, at_every_stage, fold


def state_at(stage: type) -> RunState:
    return at_every_stage()[stage]


def test_the_baseline_brings_rows_classes_and_noise() -> None:
    """All that later rounds are compared with."""
    ready = state_at(Ready)
    assert ready.baseline == fakes.bench_run("base")
    assert [one.key for one in ready.classes] == list(KEYS)
    assert ready.detectable_pct == dict.fromkeys(KEYS, 1.0)
    assert ready.best is not None
    assert (ready.best.code, ready.best.round, ready.best.trace) == ("base", 0, fakes.trace())
    assert ready.traced_code == "base"


@pytest.mark.parametrize("stage", [NeedBaseline, BaselineRight])
@pytest.mark.parametrize("fact", [fakes.benched_wrong("base"), fakes.broke("base")])
def test_a_baseline_that_is_not_right_is_unsound(stage: type, fact: f.Fact) -> None:
    """Nothing to tune on; the reason is kept."""
    stage_after = fold(fact, state=state_at(stage)).stage
    assert isinstance(stage_after, Unsound)
    assert stage_after.code == "baseline-not-right"
    assert fact.why in stage_after.why


@pytest.mark.parametrize("fact", [fakes.benched_wrong("base"), fakes.broke("base")])
def test_a_best_that_is_not_right_is_unsound(fact: f.Fact) -> None:
    """Seen when the headline is measured."""
    stage_after = fold(fact, state=state_at(Ready)).stage
    assert isinstance(stage_after, Unsound)
    assert stage_after.code == "best-not-right"


def test_a_baseline_without_a_trace_of_its_own_keeps_that_of_the_timing() -> None:
    """A profile that found nothing does not wipe out what is known."""
    assert isinstance(state_at(BaselineTimed).stage, BaselineTimed)
    traced = fold(f.Traced(commit="base", trace=None, folder="t"), state=state_at(BaselineWeighed))
    assert traced.baseline_trace == fakes.trace()


def test_a_trace_of_best_is_taken_and_none_leaves_the_old() -> None:
    """Hot lines of best are refreshed between rounds."""
    newer = fakes.trace(fakes.kernel("other"))
    state = fold(f.Traced(commit="base", trace=newer, folder="t"), state=state_at(Ready))
    assert state.best is not None
    assert state.best.trace == newer
    assert fold(f.Traced(commit="base", trace=None, folder="t"), state=state).best == state.best


def measured_on(card: str) -> f.Measured:
    """A measurement of best whose only run was on that card."""
    run = replace(fakes.measurement("base", "base").runs[0], card=card)
    fact = fakes.measured(Purpose.NOISE, "base", "base")
    return replace(fact, measurement=replace(fact.measurement, runs=(run,)))


def test_a_trace_is_stale_when_later_measurements_are_of_another_card() -> None:
    """A trace that had to take another card stands: where the usual one stays busy it would be taken without end."""
    base = state_at(Ready)
    elsewhere = f.Traced(commit="base", trace=None, folder="t", card="b")
    traced = fold(elsewhere, state=banked(base, measured_on("a")))
    assert not is_trace_stale(traced)
    assert is_trace_stale(banked(traced, measured_on("a")))
    assert not is_trace_stale(banked(traced, measured_on("b")))
    assert not is_trace_stale(fold(elsewhere, state=banked(traced, measured_on("a"))))


def test_measurements_are_banked_up_to_a_bound() -> None:
    """The judge looks at the last runs of best, so no more are carried."""
    state = state_at(Ready)
    for _ in range(BANK_MEASUREMENTS + 3):
        state = advance(state, *["good"] * 5, "tie", "good")
    assert len(state.measurements) == BANK_MEASUREMENTS + 1  # the bank's, and the one that is being weighed
    assert {one.candidate for one in state.measurements} == {f"cand-{n}" for n in range(3, 16)}


def test_a_headline_is_kept_and_counts_the_keeps_so_far() -> None:
    """The next one is due as many keeps later; one that could not be judged counts like it."""
    timed = state_at(HeadlineTimed)
    judged = fold(f.HeadlineJudged(verdict=fakes.verdict(), commit="c"), state=timed)
    left = fold(r.RoundOpened(round=2, best="c", seed=1), state=timed)
    assert judged.headline == fakes.verdict()
    assert judged.tally.headline_keeps == left.tally.headline_keeps == 1
    assert isinstance(left.stage, Opened)
    assert left.round == 2


@pytest.mark.parametrize(
    ("stage", "tries"),
    [(Broken, {"fixes": 1}), (Wrong, {"repairs": 1}), (Weighed, {"is_split": True})],
)
def test_an_amendment_uses_up_its_try_whether_it_comes_or_not(stage: type, tries: dict[str, object]) -> None:
    """A proposer that gives nothing cannot be asked for ever."""
    state = state_at(stage)
    for fact in (fakes.edited(Origin.REPAIR), fakes.NOTHING):
        after = fold(fact, state=state).stage
        assert isinstance(after, Drafted | stage)
        assert {name: getattr(after.tries, name) for name in tries} == tries


def test_a_split_without_a_gaining_class_keeps_its_targets() -> None:
    """Global stays global."""
    state = fold(fakes.edited(Origin.SPLIT), state=advance(state_at(Timed), "tie"))
    assert isinstance(state.stage, Drafted)
    assert state.stage.hypothesis.targets == ()


def test_a_refusal_remembers_whose_edit_it_was() -> None:
    """So that a look back can tell what was tried."""
    for state in (fold(fakes.refused(), state=state_at(Drafted)), fold(fakes.refused(), state=state_at(Right))):
        assert isinstance(state.stage, Barred)
        assert state.stage.hypothesis == fakes.hypothesis(f"idea {state.round}")
    assert state.stage.cheat


@pytest.mark.parametrize("stage", [Runnable, Right])
def test_what_a_failing_run_said_goes_to_the_proposer(stage: type) -> None:
    """The tail of the log and the wrong rows travel with the stage."""
    wrong = fold(replace(fakes.benched_wrong(), log_tail="tail"), state=state_at(stage))
    assert isinstance(wrong.stage, Wrong)
    assert (wrong.stage.log_tail, wrong.stage.rows) == ("tail", fakes.benched_wrong().rows)
    broken = fold(f.Broke(commit="c", kind="hang", why="w", folder="b", log_tail="tail"), state=state_at(stage))
    assert isinstance(broken.stage, Broken)
    assert (broken.stage.log_tail, broken.stage.kind) == ("tail", "hang")


def test_a_kept_candidate_is_best_with_its_own_numbers() -> None:
    """The branch shows the sealed commit, the next round is measured against the candidate's code."""
    state = advance(state_at(KeepSealed), "good")
    assert state.best is not None
    assert (state.tip, state.code, state.best.round) == ("keep-1", "cand-1-tidy", 1)
    assert state.best.run == fakes.bench_run("cand-1-tidy")


def test_a_formatter_that_fails_leaves_the_candidate() -> None:
    """It is measured again all the same."""
    state = fold(r.FormatFailed(why="not found"), state=advance(state_at(Timed), "better"))
    assert isinstance(state.stage, Runnable)
    assert (state.stage.candidate.commit, state.stage.tries.is_formatted) == ("cand-1", True)


def test_a_move_from_a_stage_that_the_table_did_not_promise_is_our_mistake() -> None:
    """It is told as such, with both names."""
    with pytest.raises(TypeError, match="the table promised Right or Timed, the state holds Ready"):
        at(state_at(Ready), Right, Timed)


def test_a_measurement_is_banked_where_it_was_for_noise_too() -> None:
    """Best against itself is the first entry of the bank."""
    assert state_at(BaselineTimed).measurements == (fakes.measured(Purpose.NOISE, "base", "base").measurement,)

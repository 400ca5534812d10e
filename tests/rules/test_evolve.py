"""The fold: every stage with every fact is decided, and what a fact changes is what it says."""

from typing import get_args

import pytest
from msgspec.structs import replace

from kernel_opt.journal.codec import FACTS
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Fact
from kernel_opt.model.stages import (
    BaselineSealed,
    BaselineTraced,
    Doubted,
    KeepSealed,
    NeedBaseline,
    Ready,
    Right,
    RollbackSealed,
    Stage,
    Unsound,
    Vetted,
)
from kernel_opt.model.state import RunState, StopState
from kernel_opt.rules.changes import CHANGES
from kernel_opt.rules.evolve import SEALS, evolve
from kernel_opt.rules.moves import MOVES
from tests.fakes import advance, at_every_stage, daemon_started, entry, fold, one_of_each, run_started

STAGES = get_args(Stage)


def all_kinds() -> set[type[Fact]]:
    """Every kind of fact there is in the program."""
    return set(Fact.__subclasses__())


def at(stage: type) -> RunState:
    return at_every_stage()[stage]


def test_no_kind_of_fact_is_without_decision() -> None:
    """A new fact must be journalled, decided about, and known to these tests."""
    decided = {*CHANGES, *(kind for _, kind in MOVES)}
    assert all_kinds() == set(FACTS) == decided == {type(fact) for fact in one_of_each()}


def test_no_stage_is_without_decision() -> None:
    """A new stage must be reached by the protocol, and left by it."""
    assert set(STAGES) == set(at_every_stage()) == {stage for stage, _ in MOVES} | {Unsound}


@pytest.mark.parametrize("fact", one_of_each(), ids=lambda fact: type(fact).__name__)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_with_every_fact_is_decided(stage: type, fact: Fact) -> None:
    """In the tables it leads to a stage; else it is refused in words, never with a crash."""
    is_decided = type(fact) in CHANGES or (stage, type(fact)) in MOVES
    if isinstance(fact, r.Sealed):
        is_decided = is_decided and SEALS.get(stage) == fact.purpose
    if is_decided:
        assert isinstance(fold(fact, state=at(stage)).stage, Stage)
        return
    with pytest.raises(ReadFailedError, match=f"{type(fact).__name__} cannot follow {stage.__name__}") as told:
        fold(fact, state=at(stage))
    assert "not written by kernel-opt" in told.value.mend


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("purpose", ["baseline", "keep", "stop"])
def test_only_what_is_due_is_sealed(stage: type, purpose: str) -> None:
    """A seal for another purpose would publish the wrong thing; a stop summary needs a stop."""
    sealed = r.Sealed(purpose=purpose, old="a", new="b")
    stopping = replace(at(stage), stop=StopState("done", "asked"))
    if SEALS.get(stage) == purpose:
        assert isinstance(fold(sealed, state=at(stage)).stage, BaselineSealed | KeepSealed)
    else:
        with pytest.raises(ReadFailedError):
            fold(sealed, state=at(stage))
    if purpose == "stop":
        assert fold(sealed, state=stopping).stop == StopState("done", "asked", ("a", "b"))


def test_a_run_starts_where_it_was_set_up() -> None:
    """Tag, places and base come from the first fact."""
    state = fold(run_started("c0"), at_s=7.0)
    assert (state.tag, state.base, state.tip, state.code) == ("t", "c0", "c0", "c0")
    assert (state.worktree, state.repository, state.started_s) == ("/tree", "/repo", 7.0)


def test_only_a_wish_starts_the_limits_afresh() -> None:
    """A crash changes nothing at all; a person's wish clears counters, waits and stops."""
    busy = fold(f.NoIdleGpu(why=("busy",)), f.StopAsked(by="a person"), state=at(Right))
    busy = replace(busy, tally=replace(busy.tally, regressions_in_a_row=4, fault_rounds=2, active_s=9.0))
    assert fold(daemon_started(wished=False), state=busy) == replace(busy, last_s=1000.0)
    fresh = fold(f.DaemonStarted(pid=1, wished=True, max_rounds=3, max_hours=2.0, pause=True), state=busy)
    assert (fresh.tally.regressions_in_a_row, fresh.tally.fault_rounds, fresh.tally.active_s) == (0, 0, 0.0)
    assert (fresh.looks, fresh.hold, fresh.stop_asked) == (0, None, "")
    assert (fresh.max_rounds, fresh.max_hours, fresh.paused) == (3, 2.0, True)
    assert fresh.stage == busy.stage


def test_a_wish_tries_again_what_was_unsound() -> None:
    """The baseline before there is a best, else between two rounds."""
    unsound = at(Unsound)
    assert isinstance(fold(daemon_started(), state=unsound).stage, NeedBaseline)
    assert isinstance(fold(daemon_started(), state=replace(unsound, best=at(Ready).best)).stage, Ready)


@pytest.mark.parametrize(
    ("stop", "kept"),
    [
        (None, None),
        (StopState("done", "asked"), None),
        (StopState("done", "asked", ("a", "b"), is_done=True), None),
        (StopState("done", "asked", ("a", "b")), StopState("done", "asked", ("a", "b"), goes_on=True)),
    ],
)
def test_a_wish_forgets_a_stop_unless_its_summary_may_be_out(stop: StopState | None, kept: StopState | None) -> None:
    """A summary that is sealed may be on the branch: that stop is finished first."""
    assert fold(daemon_started(), state=replace(at(Right), stop=stop)).stop == kept


def test_a_finished_stop_that_goes_on_is_no_stop() -> None:
    """The branch stands on the summary, and the run carries on."""
    stopping = replace(at(Right), stop=StopState("done", "asked", ("a", "b"), goes_on=True))
    state = fold(f.Stopped(reason="done", code="asked", best="b"), state=stopping)
    assert (state.stop, state.tip) == (None, "b")
    assert state.code == at(Right).code


def test_a_stop_without_a_plan_is_taken_as_told() -> None:
    """A journal that only says Stopped is at its end."""
    state = fold(f.Stopped(reason="done", code="asked", best="x"), state=at(Right))
    assert state.stop == StopState("done", "asked", is_done=True)
    assert state.tip == at(Right).tip


@pytest.mark.parametrize(
    ("sealed", "before"), [(BaselineSealed, BaselineTraced), (KeepSealed, Vetted), (RollbackSealed, Doubted)]
)
def test_what_was_sealed_is_sealed_again_on_top_of_a_summary(sealed: type, before: type) -> None:
    """The sealed commit's parent is no longer the tip."""
    stopping = replace(at(sealed), stop=StopState("done", "asked", ("a", "b")))
    state = fold(f.Stopped(reason="done", code="asked", best="b"), state=stopping)
    assert isinstance(state.stage, before)
    assert state.tip == "b"
    again = fold(daemon_started(), state=state)
    assert isinstance(advance(again, "good", "good").stage, Ready)


def test_time_in_a_queue_is_a_look_at_both_of_its_ends() -> None:
    """An hour in a scheduler's queue, told every ten minutes, is seven looks, and no wait comes on top."""
    state = at(Right)
    for number in range(6):
        state = fold(f.NoIdleGpu(why=("job 7 PENDING",), waited_s=600.0), state=state)
        assert state.looks == number + 2
        assert state.hold is not None
        assert state.hold.since_s == state.last_s - 600.0
    assert state.looks == 7


def test_disturbances_are_measured_again_and_then_waited_out() -> None:
    """Four are nothing, the fifth counts as a fault with a wait; the looks begin again."""
    gone = f.Disturbed(why=("somebody",), gpu_s=2.0)
    four = fold(f.NoIdleGpu(why=("x",)), *[gone] * 4, state=at(Right))
    assert (four.disturbances_here, four.faults_here, four.looks) == (4, 0, 0)
    five = fold(gone, state=replace(four, hold=None))
    assert (five.disturbances_here, five.faults_here) == (5, 1)
    assert five.hold is not None
    assert five.hold.why == five.fault_why == "disturbed 5 times: somebody"
    assert five.tally.gpu_s == at(Right).tally.gpu_s + 10.0


def test_a_fault_outlives_its_wait_and_not_the_step() -> None:
    """The reason is there when the round is given up, and gone once the step was done."""
    faulted = fold(f.Faulted(kind="system", why="no memory", gpu_s=3.0), state=at(Ready))
    waited = fold(f.Waited(waited_s=1.0, reason="x"), state=faulted)
    assert (waited.hold, waited.fault_why, waited.faults_here) == (None, "no memory", 1)
    done = advance(waited, "good")
    assert (done.fault_why, done.faults_here) == ("", 0)


@pytest.mark.parametrize("kind", ["foreign-change", "wrong-card"])
def test_what_no_wait_mends_blocks_until_a_wish(kind: str) -> None:
    """Somebody else's change of the branch, and a child that ran on another card than the leased one; nothing else."""
    fault = f.Faulted(kind=kind, why="only a person helps")
    assert fold(fault, state=at(Right)).blocked == "only a person helps"
    assert fold(fault, daemon_started(), state=at(Right)).blocked == ""
    assert fold(f.Faulted(kind="system", why="x"), state=at(Right)).blocked == ""


def test_time_counts_while_a_daemon_lives() -> None:
    """Not the time between two daemons, and never backwards."""
    state = RunState()
    for at_s, fact in ((100.0, run_started()), (150.0, daemon_started()), (160.0, f.Paused()), (130.0, f.Unpaused())):
        state = evolve(state, entry(fact, at_s=at_s))
    assert (state.tally.active_s, state.last_s) == (10.0, 130.0)
    assert evolve(state, entry(daemon_started(wished=False), at_s=9e9)).tally.active_s == 10.0


def test_the_date_of_a_stage_is_that_of_the_fact_that_led_to_it() -> None:
    """Waits, faults and wishes leave it, so that a commit made twice has one date."""
    state = advance(at(Ready), "good")
    assert state.stage_s == 1000.0
    later = fold(f.Paused(), f.Unpaused(), daemon_started(), f.Faulted(kind="x", why="y"), state=state, at_s=5000.0)
    assert later.stage_s == 1000.0

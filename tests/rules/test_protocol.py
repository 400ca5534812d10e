"""The protocol as a whole: it always knows a step, every answer fits somewhere, and every round closes."""

import random
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model import steps as s
from kernel_opt.model.facts import DaemonStarted, Fact, ProposerAway
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.round_facts import Dropped, Ending, Kept, RoundOpened
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import (
    BaselineWeighed,
    Doubted,
    HeadlineTimed,
    NeedBaseline,
    Ready,
    Right,
    Stage,
    Tries,
    Vetted,
    Weighed,
)
from kernel_opt.model.state import Hold, RunState, StopState
from kernel_opt.rules.aftermath import is_keepable, log_name
from kernel_opt.rules.changes import CHANGES, DISTURBANCES_PER_FAULT
from kernel_opt.rules.moves import MOVES
from kernel_opt.rules.protocol import hold_length_s, next_step
from kernel_opt.rules.rebase_moves import REBASE_MOVES
from tests import fakes
from tests.fakes import ANY_TIME, at_every_stage, find_answer, fold, permitted, settings
from tests.rules.explore import SMALL, explore, key_of, longest_path

STAGES = get_args(Stage)
LIMITS = settings()
RESET = "driver reset"
NEED = fold(fakes.run_started(), fakes.daemon_started())


def one_round(limits: Settings) -> int:
    """Moves that a round can make: opened, proposed and checked, five for each candidate, sealed and published."""
    candidates = 1 + limits.round.quick_fixes + limits.round.repairs + len(("split", "formatted"))
    return 1 + 2 * (1 + limits.round.send_backs) + 5 * candidates + 2


def one_move(limits: Settings) -> int:
    """Answers that can come before the next move or the end: each trouble has its bound, and most have a wait."""
    faults = 2 * limits.round.faults
    disturbances = DISTURBANCES_PER_FAULT * faults
    looks = limits.gate.looks * (disturbances + 1)  # after a disturbance the looks begin again
    return 1 + 2 * looks + disturbances + 2 * faults + 2 * limits.agent.patience


@pytest.mark.parametrize("stage", STAGES)
def test_there_is_a_next_step_from_every_stage(stage: type) -> None:
    """A stage that the protocol forgot fails here; so does one that no fake can reach."""
    assert isinstance(next_step(at_every_stage()[stage], LIMITS), s.Step)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("trouble", range(2 * LIMITS.round.faults + 1))
def test_every_answer_to_every_step_of_every_stage_is_taken(stage: type, trouble: int) -> None:
    """No permitted answer can crash the fold, at any number of faults, and people may speak at any time."""
    state = replace(at_every_stage()[stage], faults_here=trouble, fault_why="it burns")
    step = next_step(state, LIMITS)
    for fact in (*permitted(step, state), *ANY_TIME):
        assert isinstance(next_step(fold(fact, state=state), LIMITS), s.Step)


def with_model(vetted: RunState) -> RunState:
    """The same, claimed by an agent with a model behind it: it is asked why it works."""
    stage = vetted.stage
    assert isinstance(stage, Vetted)
    return replace(vetted, stage=replace(stage, hypothesis=replace(stage.hypothesis, model="m")))


def test_an_agent_is_asked_once_what_the_commit_is_to_say() -> None:
    """Only one with a model, and only where the settings have it so; then the keep is sealed with its words."""
    state = with_model(at_every_stage()[Vetted])
    step = next_step(state, LIMITS)
    assert isinstance(step, s.Explain)
    told = fold(fakes.EXPLAINED, state=state)
    assert isinstance(told.stage, Vetted)
    assert (told.stage.message, type(next_step(told, LIMITS))) == ("it waits less", s.Seal)
    silent = replace(LIMITS, agent=replace(LIMITS.agent, commit_message=False))
    assert isinstance(next_step(state, silent), s.Seal)


@pytest.fixture(scope="module")
def walked() -> tuple[dict[str, int], set[tuple[type, type]]]:
    """All states of a run of one round, from the baseline and from a headline: longest ways and moves seen."""
    moves: set[tuple[type, type]] = set()

    def note(edge: tuple[RunState, s.Step, Fact, RunState]) -> None:
        before, _, fact, after = edge
        moves.add((type(before.stage), type(fact)))
        tries = getattr(after.stage, "tries", Tries())
        assert tries.repairs <= SMALL.round.repairs
        assert tries.fixes <= SMALL.round.quick_fixes
        assert tries.send_backs <= SMALL.round.send_backs
        assert after.round >= before.round
        if after.code != before.code:
            gone_back = isinstance(after.stage, Doubted) and not after.stage.is_proved
            assert isinstance(fact, Kept) or gone_back

    limits = replace(SMALL, stop=replace(SMALL.stop, max_rounds=1))
    # What a gain's size and what a round's mends lead to multiply: the one is walked without the other.
    once = replace(limits, integrity=IntegritySettings(large_total=100.0, large_class=100.0))
    unmended = replace(limits, round=replace(limits.round, repairs=0, quick_fixes=0, send_backs=0))
    sealed = at_every_stage()[HeadlineTimed]
    tally = replace(sealed.tally, rounds_since_start=0)
    kept = replace(sealed, stage=Ready(), tally=tally, traced_card="another card", has_moved=True)
    explore(with_model(at_every_stage()[Vetted]), note, limits)
    lengths = {
        name: longest_path(explore(start, note, within), key_of(start))
        for name, start, within in (("baseline", NEED, once), ("headline", kept, unmended))
    }
    return lengths, moves


def test_a_run_cannot_go_round_in_circles(walked: tuple[dict[str, int], object]) -> None:
    """Walked whole with small settings: whatever the world answers, a round ends the run within its bound."""
    lengths, _ = walked
    assert lengths["baseline"] <= (6 + one_round(SMALL) + 3) * one_move(SMALL)
    assert lengths["headline"] <= (3 + one_round(SMALL) + 3) * one_move(SMALL)


def test_the_table_holds_no_move_that_cannot_happen(walked: tuple[object, set[tuple[type, type]]]) -> None:
    """Each pair in the table was seen to happen, and none that happened is missing; those of lanes are walked there."""
    _, moves = walked
    sealed_any_time = {(stage, fact) for stage, fact in moves if fact.__name__ == "Sealed"} - set(MOVES)
    assert moves - sealed_any_time - {(stage, fact) for stage, fact in moves if fact in CHANGES} == set(MOVES) - set(
        REBASE_MOVES
    )


def bounded(state: RunState, limits: Settings, chance: random.Random, favour: str, people: float) -> None:
    """Let a hostile world answer until a round's bound is passed; assert what must hold on the way."""
    moves_here, answers_here, repairs, rounds = 0, 0, Counter[Origin](), state.round
    for _ in range(800):
        step = next_step(state, limits)
        if isinstance(step, s.Close):
            state, moves_here, answers_here = fold(fakes.daemon_started(), state=state), 0, 0
            continue
        answers = permitted(step, state)
        liked = [fact for fact in answers if type(fact).__name__ == favour]
        fact = chance.choice(liked) if liked and chance.random() < 0.8 else chance.choice(answers)
        if chance.random() < people:
            fact = chance.choice(ANY_TIME)
        after = fold(fact, state=state, at_s=state.last_s + chance.choice((-5.0, 0.0, 30.0, 4000.0)))
        if isinstance(fact, RoundOpened):
            moves_here, repairs = 0, Counter()
            assert after.round == state.round + 1
        if isinstance(step, s.Amend) and isinstance(fact, fakes.r.Edited):
            repairs[step.origin] += 1
        is_move = after.stage is not state.stage or isinstance(fact, DaemonStarted | Dropped | fakes.f.StopPlanned)
        moves_here += is_move and not isinstance(fact, DaemonStarted)
        answers_here = 0 if is_move or fact in ANY_TIME else answers_here + 1
        check(state, fact, after, limits)
        assert repairs[Origin.REPAIR] <= limits.round.repairs
        assert repairs[Origin.QUICK_FIX] <= limits.round.quick_fixes
        assert repairs[Origin.SPLIT] <= 1
        assert answers_here <= one_move(limits)
        if not people:
            assert moves_here <= one_round(limits) + 6
        state = after
    assert (
        people or favour != "none" or state.round > rounds + 5
    )  # the world is hostile, but not so that nothing is seen


def check(state: RunState, fact: Fact, after: RunState, limits: Settings) -> None:
    """What holds after every fact."""
    tally = after.tally
    assert after.round >= state.round
    assert after.code == state.code or isinstance(fact, Kept)
    assert 0 <= tally.regressions_in_a_row <= limits.stop.regressions_in_a_row
    assert 0 <= tally.fault_rounds <= limits.stop.fault_rounds
    assert 0 <= tally.empty_rounds <= limits.stop.empty_rounds
    assert 0 <= after.faults_here <= 2 * limits.round.faults
    assert 0 <= after.looks <= limits.gate.looks
    assert 0 <= after.proposer_away <= limits.agent.patience
    assert len(after.lookbacks) <= 5
    assert len(after.recent_regressions) <= 5
    assert tally.gpu_s >= state.tally.gpu_s
    assert tally.active_s >= (0.0 if isinstance(fact, DaemonStarted) else state.tally.active_s)
    if not isinstance(fact, Kept | Dropped):
        assert tally.endings == state.tally.endings


KINDS = ("Faulted", "Disturbed", "NoIdleGpu", "ProposerAway", "BenchedWrong", "Broke", "GaveNothing", "Judged", "none")


@thorough(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32), favour=st.sampled_from(KINDS), people=st.sampled_from([0.0, 0.0, 0.02, 0.3]))
def test_a_hostile_world_never_gets_past_a_bound(seed: int, favour: str, people: float) -> None:
    """Any permitted answer at any time, for ever, with the real settings: counters and tries stay in range."""
    bounded(at_every_stage()[Ready], LIMITS, random.Random(seed), favour, people)


@pytest.mark.parametrize("favour", ["Faulted", "NoIdleGpu", "Disturbed", "ProposerAway"])
@pytest.mark.parametrize("stage", [NeedBaseline, BaselineWeighed, Ready, Right])
def test_a_run_in_which_nothing_gets_on_ends(stage: type, favour: str) -> None:
    """Always the same trouble, from anywhere: the run ends, within its bound."""
    state, answers = at_every_stage()[stage], 0
    while not isinstance(step := next_step(state, LIMITS), s.Close):
        facts = permitted(step, state)
        state = fold(next((fact for fact in facts if type(fact).__name__ == favour), facts[0]), state=state)
        answers += 1
        if state.stop is None and isinstance(state.stage, Ready):
            state = replace(state, tally=replace(state.tally, regressions_in_a_row=4))
    # No round without trouble can pass more than the bound of five such rounds, each of which faults a few times.
    assert answers <= 5 * (one_round(LIMITS) + one_move(LIMITS))


def at(stage: type, **changed: object) -> RunState:
    return replace(at_every_stage()[stage], **changed)


def test_a_pause_comes_before_everything_but_the_end() -> None:
    """Paused, nothing is waited for and nothing is done, but a stop is heard."""
    hold = Hold("gpu", 0.0, 1, "busy")
    assert isinstance(next_step(at(Right, paused=True, hold=hold), LIMITS), s.Rest)
    assert isinstance(next_step(at(Right, paused=True, stop_asked="a person"), LIMITS), s.PlanStop)


def test_the_way_out_of_a_faulting_step_is_waited_for_once() -> None:
    """At the bound the round is left, with the reason of the last fault, after a last wait."""
    faulted = at(Right, faults_here=3, fault_why=RESET, hold=Hold("gpu-lost", 10.0, 3, RESET))
    assert next_step(faulted, LIMITS) == s.Wait(10.0 + 240.0, RESET)
    assert next_step(replace(faulted, hold=None), LIMITS) == s.Drop(Ending.INFRASTRUCTURE, RESET)
    hopeless = replace(faulted, faults_here=6)
    assert next_step(hopeless, LIMITS) == s.PlanStop(
        "the machine failed 6 times in a row: driver reset", "infrastructure"
    )


@pytest.mark.parametrize(
    ("hold", "seconds"),
    [
        (Hold("gpu", 0.0, 9, ""), 600.0),
        (Hold("proposer", 0.0, 1, "", 45.0), 60.0),
        (Hold("proposer", 0.0, 1, "", 75.0), 75.0),
        (Hold("proposer", 0.0, 1, "", 1e9), 21_600.0),
        (Hold("system", 0.0, 1, ""), 60.0),
        (Hold("system", 0.0, 5, ""), 960.0),
        (Hold("system", 0.0, 6, ""), 1800.0),
        (Hold("system", 0.0, 10_000, ""), 1800.0),
    ],
)
def test_waits_grow_up_to_a_bound(hold: Hold, seconds: float) -> None:
    """Ten minutes for a card, else 1, 2, 4 ... 30 minutes, and as long as the proposer has asked for."""
    assert hold_length_s(hold, LIMITS) == seconds


def test_no_headline_is_measured_where_none_is_wanted() -> None:
    """A setting of 0 means never, not always."""
    state = at(Ready, tally=replace(at(Ready).tally, keeps=50))
    never = settings(round=replace(LIMITS.round, headline_every=0))
    assert isinstance(next_step(state, LIMITS), s.Measure)
    assert next_step(state, never) == s.OpenRound(1)


def test_a_stopped_run_has_nothing_left_to_do() -> None:
    """Close, with the reason, whatever else is in the state."""
    done = at(Right, stop=StopState("done", "asked", is_done=True), paused=True, faults_here=9)
    assert next_step(done, LIMITS) == s.Close("done")


@pytest.mark.parametrize(
    ("origin", "tries", "name"),
    [
        (Origin.PROPOSED, Tries(), "candidate.log"),
        (Origin.REPAIR, Tries(repairs=2), "repair-2.log"),
        (Origin.QUICK_FIX, Tries(fixes=1), "quick-fix.log"),
        (Origin.SPLIT, Tries(is_split=True), "split.log"),
        (Origin.FORMATTED, Tries(is_formatted=True), "formatted.log"),
        (Origin.REPAIR, Tries(repairs=2, is_formatted=True), "formatted.log"),
    ],
)
def test_a_log_is_named_after_what_the_candidate_is(origin: Origin, tries: Tries, name: str) -> None:
    """No two benchmarks of a round share a name."""
    assert log_name(fakes.candidate(origin=origin), tries) == name


WISHED = settings(keep_simpler_ties=True)
SIMPLER = fakes.candidate(added=1, removed=9)
TIE = fakes.verdict(fakes.Outcome.TIE)


def test_a_tie_is_kept_only_when_wished_simpler_and_shown_to_be_not_slower() -> None:
    """Off by default; no interval, a slower bound, a worse class or more code: dropped."""
    worse_class = replace(TIE, classes=(fakes.class_verdict(outcome=fakes.Outcome.WORSE),))
    assert is_keepable(TIE, SIMPLER, WISHED)
    assert not is_keepable(TIE, SIMPLER, LIMITS)
    assert not is_keepable(TIE, fakes.candidate(), WISHED)
    assert not is_keepable(replace(TIE, overall_interval=None), SIMPLER, WISHED)
    assert not is_keepable(replace(TIE, overall_interval=(0.99, 1.02)), SIMPLER, WISHED)
    assert not is_keepable(worse_class, SIMPLER, WISHED)
    assert not is_keepable(fakes.verdict(fakes.Outcome.UNCLEAR), SIMPLER, WISHED)


def test_a_simpler_tie_goes_the_whole_way_of_a_keep() -> None:
    """It is formatted and measured again like any gain."""
    weighed = at(Weighed)
    assert isinstance(weighed.stage, Weighed)
    state = replace(weighed, stage=replace(weighed.stage, verdict=TIE, candidate=SIMPLER))
    assert next_step(state, WISHED) == s.Format(SIMPLER)
    assert next_step(state, LIMITS) == s.Drop(Ending.TIE, TIE.sentence)


def test_a_proposer_gone_for_good_is_told_in_its_own_words() -> None:
    """The reason of the stop names what the proposer said."""
    state = fold(ProposerAway(why="no such key", final=True), state=at(Right))
    assert next_step(state, LIMITS) == s.PlanStop("no more proposals: no such key", "proposer")


def test_an_amendment_that_cheats_ends_the_round_as_refused() -> None:
    """Integrity does not depend on how the edit came to be."""
    state = fakes.advance(fakes.advance(at(Right), "wrong"), "good", "cheat")
    assert find_answer(next_step(state, LIMITS), state) == Dropped(
        ending=Ending.REFUSED, why="metric: not allowed"
    )  # fmt: skip

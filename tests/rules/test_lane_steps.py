"""Several rounds at once: whatever the order of answers, keeps are settled one at a time and every count is exact."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import stages as g
from kernel_opt.model import steps as s
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.round_facts import Ending, Kept, Rebased
from kernel_opt.model.settings import GateSettings, RoundSettings, Settings, StopSettings
from kernel_opt.model.verdict import Outcome
from kernel_opt.rules.aftermath import after_break, after_verdict, after_wrong
from kernel_opt.rules.lane_steps import ON_CARD, lanes_of, most_open, next_steps, round_step
from kernel_opt.rules.lanes import TRUNK, focus, on_branch, open_rounds, under_way
from kernel_opt.rules.rebase_moves import REBASE_MOVES
from tests import fakes
from tests.fakes import settings
from tests.rules.interleave import Interleaved


def limits(lanes: int = 2, rounds: int = 12, **stop: int) -> Settings:
    return settings(
        lanes=lanes,
        gate=GateSettings(looks=3),
        round=RoundSettings(headline_every=3, faults=2),
        stop=StopSettings(max_rounds=rounds, regressions_in_a_row=50, fault_rounds=50, empty_rounds=50, **stop),
    )


@thorough(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), lanes=st.integers(1, 4), good=st.sampled_from([0.5, 0.8, 0.95]))
def test_any_order_of_answers_keeps_the_books(seed: int, lanes: int, good: float) -> None:
    """Never two seals at once, no keep against an old best, no round too many, no step forgotten; a replay agrees."""
    run = Interleaved(limits(lanes), random.Random(seed), good)
    run.play()
    assert run.replayed() == run.state
    assert run.opened <= 12
    assert run.state.stop is not None
    if run.state.stop.code == "max-rounds":
        assert (run.opened, open_rounds(run.state)) == (12, ())


@thorough(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), lanes=st.integers(2, 4))
def test_crashes_pauses_and_stops_leave_the_books_exact(seed: int, lanes: int) -> None:
    """Whatever went on is begun again; a stopped run goes on with all rounds that were open."""
    run = Interleaved(limits(lanes, 6), random.Random(seed), 0.9, trouble=0.05)
    for _ in range(4):
        run.play()
        before = open_rounds(run.state)
        run.resume()
        assert open_rounds(run.state) == before
    run.trouble = 0.0
    run.play()
    assert run.replayed() == run.state


def test_every_move_of_a_round_that_is_put_on_a_newer_best_happens() -> None:
    """Each pair in that table was seen, in some order of answers."""
    seen: set[tuple[type, type]] = set()
    for seed in range(100):  # some of them are rare, and with many lanes less so
        run = Interleaved(limits(8, 32), random.Random(seed), 0.8)
        run.play()
        seen |= run.moves
        if seen >= set(REBASE_MOVES):
            return
    assert set(REBASE_MOVES) - seen == set()


def led_to(lanes: int, until: Callable[[Interleaved], bool]) -> Interleaved:
    """A run whose world answers well, up to where something is so."""
    for luck in range(50):
        run = Interleaved(limits(lanes), random.Random(luck), 1.0)
        for _ in range(400):
            if until(run):
                return run
            if not run.begin():
                break
            run.answer()
    raise AssertionError("it never was so")


def behind(run: Interleaved) -> int | None:
    """A round that was found right, and whose best is not the branch's any more."""
    views = ((number, focus(run.state, number)) for number in open_rounds(run.state))
    return next((n for n, view in views if view.moved_on is not None and isinstance(view.stage, g.Right)), None)


def both_on_cards(run: Interleaved) -> bool:
    """Two rounds run their benchmark, and none is about to be kept."""
    stages = [type(focus(run.state, number).stage) for number in open_rounds(run.state)]
    return sum(isinstance(step, s.Bench) for step, _ in run.busy.values()) == 2 and g.KeepSealed not in stages


def test_a_round_is_told_against_its_own_best_until_it_is_put_on_the_newer() -> None:
    """What people and new rounds see is what stands on the branch."""
    run = led_to(3, lambda run: behind(run) is not None)
    number = behind(run)
    assert number is not None
    view = focus(run.state, number)
    assert view.best is not None
    assert view.branch_best is not None
    assert view.code == view.best.code != view.branch_best.code
    assert on_branch(view).code == view.branch_best.code == focus(run.state, TRUNK).code
    assert on_branch(on_branch(view)) == on_branch(view)
    step = round_step(view, run.limits)
    assert isinstance(step, s.Rebase)
    assert step.onto == view.branch_best.code


def claims(run: Interleaved) -> list[str]:
    stages = [focus(run.state, number).stage for number in open_rounds(run.state)]
    return [stage.hypothesis.sentence for stage in stages if isinstance(stage, g.Drafted | g.Runnable | g.Right)]


def test_a_round_tells_the_others_what_it_is_at() -> None:
    """Nobody should propose the same; its own claim is not among them."""
    run = led_to(2, lambda run: len(claims(run)) == len(open_rounds(run.state)) == 3)
    here = focus(run.state, open_rounds(run.state)[0])
    assert len(under_way(here)) == 2
    assert f"idea {here.round}" not in under_way(here)


def test_time_without_a_daemon_counts_as_waiting_for_every_round() -> None:
    """A round's own clock stands still while nobody is at work."""
    run = led_to(2, lambda run: len(open_rounds(run.state)) == 3)
    before = {n: focus(run.state, n).pace.round_waited_s for n in open_rounds(run.state)}
    run.now_s += 3600.0
    run.write(TRUNK, fakes.daemon_started(wished=False))
    for number, waited_s in before.items():
        assert focus(run.state, number).pace.round_waited_s >= waited_s + 3600.0


def test_looks_for_a_card_begin_anew_when_another_round_had_one() -> None:
    """The run stops only when no round got a card for an hour."""
    run = led_to(2, both_on_cards)
    first, second = (number for number, (step, _) in run.busy.items() if isinstance(step, s.Bench))
    run.write(first, f.NoIdleGpu(why=("leased",)))
    assert focus(run.state, first).looks == 1
    (step, _) = run.busy[second]
    run.write(second, f.Benched(run=fakes.bench_run(step.commit)))
    assert focus(run.state, first).looks == 0


def test_no_card_for_one_round_ends_nothing_while_another_measures() -> None:
    """Nor does it keep the others from going on."""
    run = led_to(2, both_on_cards)
    first, second = (number for number, (step, _) in run.busy.items() if isinstance(step, s.Bench))
    for _ in range(run.limits.gate.looks):
        run.write(first, f.NoIdleGpu(why=("leased",)))
    going = {second: run.busy[second][0]}
    assert not any(number == first for number, _ in next_steps(run.state, run.limits, going))
    assert [type(step) for _, step in next_steps(run.state, run.limits, {})] == [s.PlanStop]


def test_a_proposer_that_will_not_come_back_ends_only_what_needs_it() -> None:
    """Rounds that have a candidate are measured to their end; then the run stops."""
    run = led_to(2, lambda run: any(isinstance(focus(run.state, n).stage, g.Right) for n in open_rounds(run.state)))
    run.write(TRUNK, f.ProposerAway(why="no key", final=True))
    run.busy.clear()
    steps = {number: round_step(focus(run.state, number), run.limits) for number in open_rounds(run.state)}
    assert not any(isinstance(step, s.PlanStop | s.Propose) for step in steps.values())
    run.play()
    assert run.state.stop is not None
    assert (run.state.stop.code, open_rounds(run.state)) == ("proposer", ())


@pytest.mark.parametrize(("name", "at_once"), [("knobs", 1), ("knobs, playbook", 1), ("claude", 3)])
def test_a_search_is_asked_once_at_a_time(name: str, at_once: int) -> None:
    """Two proposals of a search that do not know of each other would be the same; an agent takes its time."""
    run = led_to(2, lambda run: len(open_rounds(run.state)) == 3 and not under_way(run.state))
    limits_of = replace(run.limits, agent=replace(run.limits.agent, name=name))
    asked = [step for _, step in next_steps(run.state, limits_of, {}) if isinstance(step, s.Propose)]
    assert len(asked) == at_once


def test_lanes_are_told_in_numbers() -> None:
    """ "auto" is one until a daemon has counted."""
    assert (lanes_of(limits(3)), lanes_of(replace(limits(), lanes="auto"))) == (3, 1)


def test_a_rebase_onto_what_never_was_best_is_no_journal_of_ours() -> None:
    """It is refused in words."""
    run = led_to(2, lambda run: bool(under_way(run.state)))
    with pytest.raises(ReadFailedError, match="never was best"):
        run.write(open_rounds(run.state)[0], Rebased(onto="elsewhere"))


def test_a_keep_is_never_written_against_an_older_best() -> None:
    """A journal that says so was not written by this protocol."""
    run = led_to(3, lambda run: behind(run) is not None)
    number = behind(run)
    assert number is not None
    view = focus(run.state, number)
    stage = view.stage
    assert isinstance(stage, g.Right)
    sealed = g.KeepSealed(stage.hypothesis, stage.candidate, stage.run, fakes.verdict(), None, "a", "b")
    run.state = replace(view, stage=sealed)
    with pytest.raises(ReadFailedError, match="Kept cannot follow"):
        run.write(number, Kept(commit="b", candidate="c", why="x"))


def test_a_gain_that_is_gone_on_the_newer_best_is_said_so() -> None:
    """It is neither a tie nor a regression of its own; so is one that does not run there any more."""
    won = g.Tries(has_won=True)
    claim, candidate, run = fakes.hypothesis(), fakes.candidate(), fakes.bench_run()
    for outcome in (Outcome.TIE, Outcome.WORSE, Outcome.DIVERGING):
        weighed = g.Weighed(claim, candidate, run, fakes.verdict(outcome), None, won)
        assert _ending(after_verdict(weighed, limits())) is Ending.REBASE_LOST
    assert _ending(after_break(g.Broken(claim, candidate, "crash", "x", True, won), limits())) is Ending.REBASE_LOST
    assert _ending(after_wrong(g.Wrong(claim, candidate, "x", won), limits())) is Ending.REBASE_LOST


def _ending(step: s.Step) -> Ending | None:
    return step.ending if isinstance(step, s.Drop) else None


def test_drafts_are_not_piled_up() -> None:
    """Each lane may draft ahead while its card measures, but no round is opened while candidates wait for a card."""
    most = 0
    for seed in range(6):
        run = Interleaved(limits(4, 40), random.Random(seed), 1.0)
        for _ in range(600):
            going = {number: step for number, (step, _) in run.busy.items()}
            due = dict(next_steps(run.state, run.limits, going))
            begun, numbers = going.keys() | due.keys(), open_rounds(run.state)
            left = [round_step(focus(run.state, number), run.limits) for number in numbers if number not in begun]
            if isinstance(due.get(TRUNK), s.OpenRound) and len(numbers) >= 4:
                most = max(most, len(numbers))
                assert sum(isinstance(step, ON_CARD) for step in left) < 2
            if not run.begin():
                break
            run.answer()
    assert 4 < most < most_open(limits(4))

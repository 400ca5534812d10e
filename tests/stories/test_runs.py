"""Whole runs, told as text: how a run ends, rests, and goes on."""

import pytest
from msgspec.structs import replace

from kernel_opt.journal.book import MemoryBook
from kernel_opt.model import facts as f
from kernel_opt.model import steps as s
from kernel_opt.model.facts import Purpose
from kernel_opt.model.settings import AgentSettings, GateSettings, RoundSettings, StopSettings
from kernel_opt.model.stages import Doubted, HeadlineTimed, KeepSealed, Opened, Ready, Right, Runnable
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Amend, Bench, Finish, Measure, Propose, Publish
from kernel_opt.round.flow import Scribe
from tests.fakes import Run, Wish, settings
from tests.stories.teller import tell

PROVED = "proposed 'idea 1' -> right -> better -> formatted -> right -> better -> re-checked"
STOP = f.StopAsked(by="a person")


def at_stage(kind: type, round_number: int, fact: f.Fact) -> Wish:
    """Wish for something as soon as the run stands at this stage of this round."""

    def is_there(state: RunState) -> bool:
        return isinstance(state.stage, kind) and state.round == round_number and state.stop is None

    return is_there, fact


def told(run: Run) -> list[str]:
    return tell(run.entries())


def test_five_regressions_in_a_row_end_the_run() -> None:
    """Not before, not after; the last five are in the summary, with times."""
    run = Run(Judge=["worse", "tie", *["worse"] * 5])
    assert run.start() == "5 regressions in a row"
    assert run.state.round == 7
    notes = run.state.recent_regressions
    assert [note.hypothesis for note in notes] == [f"idea {number}" for number in (3, 4, 5, 6, 7)]
    assert notes[0].best_us == notes[0].candidate_us == pytest.approx(100.0)
    assert notes[0].best_gpu_us == notes[0].candidate_gpu_us == 125.0
    assert [round(note.delta_pct) for note in notes] == [10] * 5


def test_the_number_of_regressions_is_a_setting() -> None:
    """Some users want 50."""
    run = Run(settings(stop=StopSettings(regressions_in_a_row=50)), Judge=["worse"] * 60)
    assert run.start() == "50 regressions in a row"
    assert run.state.round == 50


def test_a_resume_after_five_regressions_counts_afresh() -> None:
    """The next five may be tried; what was noted stays."""
    run = Run(Judge=["worse"] * 9)
    run.start()
    assert run.start(max_rounds=4) == "4 rounds done, as asked"
    assert run.state.tally.regressions_in_a_row == 4
    assert len(run.state.recent_regressions) == 5
    assert run.world.branch == run.state.tip == "stop-3"


def test_no_idle_gpu_for_an_hour_ends_the_run() -> None:
    """Seven looks, at 0, 10, ..., 60 minutes; no benchmark failure and no regression."""
    run = Run(Bench=["busy"] * 7)
    assert run.start() == "no idle GPU available for 60 minutes"
    looks = [entry.at_s - run.clock.start_s for entry in run.entries() if isinstance(entry.fact, f.NoIdleGpu)]
    assert [seconds / 60 for seconds in looks] == [0, 10, 20, 30, 40, 50, 60]
    assert told(run)[1] == "baseline: " + "busy -> waited 10 min -> " * 6 + "busy"
    assert run.state.tally.endings == ()
    assert run.clock.minutes == 60


def test_a_gpu_that_is_idle_at_the_seventh_look_is_taken() -> None:
    """The last look counts, and the looks start afresh for the next command."""
    run = Run(Bench=["busy"] * 6 + ["good"] + ["busy"] * 6)
    assert run.start(max_rounds=1) == "1 rounds done, as asked"


def test_no_idle_gpu_in_mid_round_resumes_where_it_stood() -> None:
    """The round waits for the resume; nothing of it is lost or counted."""
    run = Run(Measure=["good", *["busy"] * 7])
    assert run.start() == "no idle GPU available for 60 minutes"
    run.start(max_rounds=1)
    assert "round 1, on: tie -> dropped as tie" in told(run)


def test_a_kernel_that_is_not_right_as_found_is_nothing_to_tune_on() -> None:
    """The run ends with a clear message, and a resume tries the baseline again."""
    run = Run(Bench=["wrong"])
    assert run.start() == "the kernel as found does not run right: 1 row is wrong"
    assert run.state.stop is not None
    assert run.state.stop.code == "baseline-not-right"
    assert run.start(max_rounds=1) == "1 rounds done, as asked"


HEADLINE_EACH = settings(round=RoundSettings(headline_every=1))


def test_a_best_that_no_longer_runs_is_given_up_for_the_one_before_it() -> None:
    """Seen at the headline; behind the only keep there is the baseline, which needs no proof."""
    run = Run(HEADLINE_EACH, Judge=["better"] * 2, Measure=["good", "good", "good", "wrong"])
    assert run.start(max_rounds=2) == "2 rounds done, as asked"
    assert told(run)[2] == f"round 1: {PROVED} -> kept -> wrong -> back to an earlier best"
    assert (run.state.code, run.state.tip, run.world.branch) == ("base", "stop-4", "stop-4")


def test_the_last_best_that_still_holds_is_taken() -> None:
    """Two keeps are gone, the third holds: it is measured afresh before the branch goes back to it."""
    limits = settings(round=RoundSettings(headline_every=3))
    run = Run(limits, Judge=["better"] * 6, Headline=["gone", "gone", "good"])
    run.start(max_rounds=3)
    assert told(run)[4].endswith("kept -> headline -> headline -> headline -> back to an earlier best")
    assert run.state.code == "cand-1-tidy"
    assert [best.round for best in run.state.bests] == [0, 1]
    assert run.state.tip == run.world.branch


def test_what_was_proved_is_not_looked_behind_again() -> None:
    """Only keeps since the last proof, and the baseline, are there to go back to."""
    run = Run(HEADLINE_EACH, Judge=["better"] * 6)
    run.start(max_rounds=3)
    assert [best.round for best in run.state.bests] == [0, 3]


def test_a_stop_in_the_middle_of_going_back_leaves_no_unproved_code_on_the_branch() -> None:
    """The stop summary takes the code that is best now; the resume proves it."""
    limits = settings(round=RoundSettings(headline_every=2))
    run = Run(limits, Judge=["better"] * 4, Headline=["gone", "good"])
    run.start((lambda state: isinstance(state.stage, Doubted), f.StopAsked(by="a person")))
    seal = next(step for step in reversed(run.world.asked) if isinstance(step, s.Seal))
    assert (seal.purpose, seal.tree_of, run.state.code) == ("stop", "cand-1-tidy", "cand-1-tidy")
    run.start(max_rounds=1)
    assert "round 2, on: headline -> back to an earlier best" in told(run)


def test_a_machine_that_fails_while_going_back_stops_the_run_and_loses_nothing() -> None:
    """No round opens on code that did not hold; the resume goes on where it was."""
    limits = settings(round=RoundSettings(headline_every=2))
    run = Run(limits, Judge=["better"] * 4, Headline=["gone", "fault", "fault", "fault"])
    assert run.start() == "the machine failed 3 times in a row: driver reset"
    assert isinstance(run.state.stage, HeadlineTimed)
    run.start(max_rounds=1)
    assert "round 2, on: headline -> back to an earlier best" in told(run)


def test_a_baseline_that_no_longer_runs_ends_the_run() -> None:
    """There is nothing left to go back to."""
    run = Run(HEADLINE_EACH, Judge=["better"] * 2, Measure=["good", "good", "good", "base-broke"])
    assert run.start() == "baseline or best no longer runs right: crash in line 3"


@pytest.mark.parametrize(
    ("bounds", "asked", "reason"),
    [
        (StopSettings(max_rounds=2), {}, "2 rounds done, as asked"),
        (StopSettings(max_rounds=9), {"max_rounds": 3}, "3 rounds done, as asked"),
        (StopSettings(max_hours=0.25), {}, "0.325 hours used, as asked"),
        (StopSettings(), {"max_hours": 0.2}, "0.208 hours used, as asked"),
        (StopSettings(max_gpu_hours=0.25), {}, "0.258 GPU hours used, as asked"),
        (StopSettings(max_cost_usd=0.75), {}, "0.75 USD spent on the proposer, as allowed"),
    ],
)
def test_a_budget_ends_the_run_between_two_rounds(bounds: StopSettings, asked: dict[str, float], reason: str) -> None:
    """Rounds, hours, GPU hours, money: from the settings or from the command line."""
    run = Run(settings(stop=bounds))
    assert run.start(**asked) == reason
    assert isinstance(run.state.stage, Ready)
    assert told(run)[-2].endswith("dropped as tie")


@pytest.mark.parametrize("stage", [Opened, Runnable, Right])
def test_a_stop_asked_in_mid_round_is_taken_up_again(stage: type) -> None:
    """The run stops after the step, and resumes the very round with what it knows."""
    run = Run(Judge=["better", "better"])
    assert run.start(at_stage(stage, 1, STOP)) == "stopped by a person"
    assert run.world.branch == run.state.tip
    assert run.state.round == 1
    assert run.start(max_rounds=1) == "1 rounds done, as asked"
    assert run.state.round == 2
    assert dict(run.state.tally.endings) == {"kept": 1, "tie": 1}
    assert run.world.branch == run.state.tip


def test_a_gain_that_is_sealed_is_published_before_a_stop() -> None:
    """What was proved must not wait for a resume."""
    run = Run(Judge=["better", "better"])
    run.start(at_stage(KeepSealed, 1, STOP))
    assert told(run)[-2:] == [
        f"round 1: {PROVED} -> a person asked to stop -> kept",
        "stop: stopped by a person -> stopped at stop-3",
    ]


def test_a_sealed_gain_that_could_not_be_published_is_sealed_again_on_resume() -> None:
    """The stop summary moved the branch in between: the gain is put on top of it, not lost and not a stranger's."""
    run = Run(Judge=["better", "better"], Publish=["good", "fault", "fault", "fault"])
    assert run.start() == "the machine failed 3 times in a row: driver reset"
    assert run.world.branch == run.state.tip == "stop-3"
    run.start(max_rounds=1)
    assert "round 1, on: kept -> traced" in told(run)
    assert run.world.branch == run.state.tip


def test_a_sealed_baseline_that_could_not_be_published_is_sealed_again_on_resume() -> None:
    """The same before there is a best."""
    run = Run(Publish=["fault", "fault", "fault"])
    assert run.start() == "the machine failed 3 times in a row: driver reset"
    assert (run.state.tip, run.state.code) == ("stop-2", "base")
    assert run.start(max_rounds=1) == "1 rounds done, as asked"
    assert run.world.branch == run.state.tip


def test_a_gain_is_not_dropped_because_it_cannot_be_sealed() -> None:
    """A full disk stops the run, and the resume keeps what was proved."""
    run = Run(Judge=["better", "better"], Seal=["good", "full", "full", "full"])
    assert run.start() == "the machine failed 3 times in a row: no room"
    assert run.state.stop is not None
    assert run.state.stop.code == "disk-full"
    run.start(max_rounds=1)
    assert dict(run.state.tally.endings) == {"kept": 1, "tie": 1}


def test_a_crash_changes_nothing() -> None:
    """A daemon that comes back without a person's wish goes on counting where it was."""
    straight, crashed = Run(Judge=["worse"] * 5), Run(Judge=["worse"] * 5)
    straight.start(max_rounds=3)
    crashes = (at_stage(stage, 2, f.DaemonStarted(pid=2, wished=False)) for stage in (Runnable, Right))
    crashed.start(*crashes, max_rounds=3)
    assert told(crashed).count("came back") == 2
    assert crashed.state.tally == straight.state.tally
    assert crashed.state.lookbacks == straight.state.lookbacks


def test_a_run_killed_between_moving_the_branch_and_saying_so_resumes() -> None:
    """The branch stands on the stop summary already: the resume finishes that stop first, then goes on."""
    run = Run()
    run.start(max_rounds=1)
    survived = MemoryBook()
    for record in [*run.book.records()][:-1]:  # the last fact, Stopped, was never written
        survived.append(replace(record, seq=0))
    run.book = survived
    run.scribe = Scribe(survived, run.clock.stamp)
    assert (run.state.tip, run.world.branch) == ("baseline-1", "stop-2")
    assert run.start(max_rounds=2) == "2 rounds done, as asked"
    assert run.world.branch == run.state.tip == "stop-3"


def test_pause_rests_and_unpause_goes_on() -> None:
    """Between two steps, as long as the person likes; nothing is counted or lost."""
    run = Run()
    run.start(at_stage(Runnable, 1, f.Paused()), max_rounds=1)
    assert told(run)[2] == "round 1: proposed 'idea 1' -> paused -> unpaused -> right -> tie -> dropped as tie"


def test_a_stop_is_heard_while_paused() -> None:
    """Also with a commit that is sealed and not yet published."""
    run = Run(Judge=["better", "better"])
    reason = run.start(at_stage(KeepSealed, 1, f.Paused()), at_stage(KeepSealed, 1, STOP))
    assert reason == "stopped by a person"
    run.start(max_rounds=1)
    assert run.state.tally.keeps == 1
    assert run.world.branch == run.state.tip


def test_a_proposer_that_comes_back_has_used_no_round() -> None:
    """Eleven times away is waited out, in growing steps of at most half an hour."""
    run = Run(Propose=["away"] * 11)
    assert run.start(max_rounds=1) == "1 rounds done, as asked"
    waits = [entry.fact.waited_s / 60 for entry in run.entries() if isinstance(entry.fact, f.Waited)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]
    assert run.state.round == 1


def test_a_proposer_away_past_its_bound_ends_the_run() -> None:
    """Twelve times in a row; the round it was asked in waits for the resume."""
    run = Run(settings(agent=AgentSettings(patience=12)), Propose=["away"] * 12)
    assert run.start() == "the proposer was away 12 times in a row: over its limit"
    run.start(max_rounds=1)
    assert "round 1, on: proposed 'idea 1' -> right -> tie -> dropped as tie" in told(run)


def test_a_proposer_that_no_wait_will_mend_ends_the_run_at_once() -> None:
    """A wrong key, for instance: told without waiting, also in the middle of a repair."""
    run = Run(Propose=["lost"])
    assert run.start() == "no more proposals: over its limit"
    assert run.clock.minutes == pytest.approx(7.5)
    assert isinstance(run.world.asked[-5], Propose)
    assert dict(run.state.tally.endings) == {"gave-nothing": 1}


def test_a_proposer_may_be_away_in_the_middle_of_a_repair() -> None:
    """The repair is asked for again; no try is used up."""
    run = Run(Bench=["good", "wrong"], Amend=["away"])
    run.start(max_rounds=1)
    assert sum(isinstance(step, Amend) for step in run.world.asked) == 2
    assert "wrong -> away -> waited 1 min -> repair -> right" in told(run)[2]


def test_a_proposer_that_gives_nothing_ends_the_run() -> None:
    """Five empty rounds in a row: it has run dry."""
    run = Run(Propose=["nothing"] * 5)
    assert run.start() == "the proposer gave nothing in 5 rounds in a row"


def test_refusals_alone_never_end_a_run() -> None:
    """A cheat costs its round and nothing else."""
    run = Run(Check=["cheat"] * 12)
    run.start(max_rounds=12)
    assert dict(run.state.tally.endings) == {"refused": 12}
    assert run.state.tally.regressions_in_a_row == 0
    assert run.state.tally.refusals_in_a_row == 12
    assert not any(isinstance(step, Bench) and not step.is_baseline for step in run.world.asked)


def test_a_machine_that_faults_round_after_round_ends_the_run() -> None:
    """Three rounds closed by infrastructure; none of them counts as a regression or a failure."""
    run = Run(Bench=["good", *["fault"] * 9])
    assert run.start() == "3 rounds in a row ended by faults of the machine"
    assert dict(run.state.tally.endings) == {"infrastructure": 3}
    assert [back.why for back in run.state.lookbacks] == ["driver reset"] * 3


def test_faults_and_silence_in_turn_end_the_run_too() -> None:
    """Neither wipes out the count of the other."""
    run = Run(Propose=["nothing", "good"] * 9, Check=["fault"] * 99)
    assert run.start() == "3 rounds in a row ended by faults of the machine"
    assert dict(run.state.tally.endings) == {"infrastructure": 3, "gave-nothing": 3}


def test_a_disk_that_stays_full_ends_the_run_without_a_summary() -> None:
    """Past the bounds there is nothing left to write with; the branch stays at best."""
    run = Run(Bench=["full"] * 3, Seal=["full"] * 3)
    assert run.start() == "the machine failed 3 times in a row: no room"
    assert isinstance(run.world.asked[-1], Finish)
    assert run.world.branch == run.state.tip == "base"


def test_the_stop_summary_is_tried_again_after_a_wait() -> None:
    """A short fault does not cost the summary."""
    run = Run(Seal=["good", "fault"])
    run.start(max_rounds=1)
    assert told(run)[-1] == "stop: 1 rounds done, as asked -> fault -> waited 1 min -> stopped at stop-2"


def test_a_person_who_asked_for_the_stop_does_not_wait() -> None:
    """The summary is tried three times at once, then the run ends without it."""
    run = Run(Seal=["good", "fault", "fault", "fault"])
    run.start(at_stage(Runnable, 1, STOP))
    assert told(run)[-1] == "stop: stopped by a person -> fault -> fault -> fault -> stopped at baseline-1"


def test_a_foreign_change_of_the_branch_stops_and_resumes() -> None:
    """Nothing of the stranger's is overwritten; put back, the run goes on and keeps its gain."""
    run = Run(Judge=["better", "better"])

    def somebody_commits(state: RunState) -> bool:
        if isinstance(state.stage, KeepSealed):
            run.world.branch = "somebody's"
        return False

    assert run.start((somebody_commits, STOP)) == "somebody moved the branch"
    assert run.world.branch == "somebody's"
    assert isinstance(run.world.asked[-2], Publish)
    assert isinstance(run.world.asked[-1], Finish)
    run.world.branch = "baseline-1"
    assert run.start(max_rounds=1) == "1 rounds done, as asked"
    assert run.state.tally.keeps == 1
    assert run.world.branch == run.state.tip


def test_what_is_merely_nice_to_have_does_not_stop_a_run() -> None:
    """A tracer that only fails costs the traces: the baseline and the rounds go on without."""
    run = Run(Profile=["fault"] * 6)
    run.start(max_rounds=1)
    assert told(run)[1].endswith("kept -> fault -> waited 1 min -> fault -> waited 2 min -> fault -> waited 4 min")
    assert told(run)[2] == "round 1: proposed 'idea 1' -> right -> tie -> dropped as tie"


def test_a_headline_that_cannot_be_had_does_not_stop_a_run() -> None:
    """The next round is opened all the same, and its budget is its own."""
    limits = settings(round=RoundSettings(headline_every=1))
    run = Run(limits, Judge=["better", "better"], Measure=["good", "good", "good", *["fault"] * 3, "good", "fault"])
    assert run.start(max_rounds=2) == "2 rounds done, as asked"
    assert run.state.headline is None
    assert dict(run.state.tally.endings) == {"kept": 1, "tie": 1}


def test_a_headline_that_cannot_be_judged_is_not_measured_before_every_round() -> None:
    """It is left out until there are as many keeps again."""
    limits = settings(round=RoundSettings(headline_every=1))
    run = Run(limits, Judge=["better", "better"])
    run.world.say("Headline", *["fault"] * 3)
    assert run.start(max_rounds=4) == "4 rounds done, as asked"
    purposes = [step.purpose for step in run.world.asked if isinstance(step, Measure)]
    assert purposes.count(Purpose.HEADLINE) == 1
    assert run.state.headline is None


def test_the_interval_and_the_number_of_looks_are_settings() -> None:
    """Two looks a minute apart, said as such."""
    run = Run(settings(gate=GateSettings(looks=2, interval_s=60.0)), Bench=["busy"] * 2)
    assert run.start() == "no idle GPU available for 1 minutes"

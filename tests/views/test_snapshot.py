import json

import pytest
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import steps as s
from kernel_opt.model.deeper import Deeper
from kernel_opt.model.facts import Purpose
from kernel_opt.model.hypothesis import Origin
from kernel_opt.views.snapshot import snapshot
from kernel_opt.views.step_words import tell_step
from tests.views import canned
from tests.views.journals import JOURNALS

FIELDS = {
    "schema", "tag", "repository", "worktree", "branch", "state", "step", "hold", "round", "baseline_commit",
    "best_commit", "best_round", "classes", "overall", "headline", "regressions_in_a_row", "regressions_limit", "keeps",
    "endings", "recent", "spent", "stop", "detectable_pct", "started_s", "last_fact_s",
}  # fmt: skip


def shot_of(run: canned.Canned) -> dict:
    return json.loads(snapshot(run.state, canned.SETTINGS))


@pytest.mark.parametrize("name", canned.ALL)
def test_the_fields_are_promised(name):
    """Whoever reads the JSON finds the same fields in every state; schema 1 never loses one."""
    assert set(shot_of(canned.ALL[name]())) >= FIELDS
    assert shot_of(canned.ALL[name]())["schema"] == 1


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("fresh", "starting"),
        ("running", "running"),
        ("waiting", "waiting"),
        ("paused", "paused"),
        ("stopped", "stopped"),
    ],
)
def test_the_state_word(name, state):
    """One word says how the run stands."""
    assert shot_of(canned.ALL[name]())["state"] == state


def test_what_it_waits_for_and_until_when():
    """A held run says why, how often it looked, and when it looks again."""
    shot = shot_of(canned.waiting())
    assert shot["hold"]["cause"] == "gpu"
    assert shot["hold"]["until_s"] == shot["last_fact_s"] + canned.SETTINGS.gate.interval_s
    assert shot["hold"]["times"] == 1
    assert "pid 812" in shot["hold"]["why"]


def test_the_step_now():
    """What is done now, since when, and how long it usually takes."""
    shot = shot_of(canned.running())
    assert shot["step"]["name"] == "Bench"
    assert (shot["step"]["expected_s"], shot["step"]["expected_of"]) == (60.0, 5)
    assert shot["step"]["since_s"] == shot["last_fact_s"]
    assert [one["ending"] for one in shot["recent"]] == ["kept", "tie", "failed", "regression"]
    assert shot["regressions_in_a_row"] == 1
    assert shot["spent"]["agent_tokens"] == 50_000


def test_a_headline_says_whether_it_is_of_this_best():
    """An older headline is kept, marked as old."""
    run = canned.Canned().baseline().keep().headline()
    assert shot_of(run)["headline"]["is_current"]
    assert not shot_of(run.keep())["headline"]["is_current"]


def test_a_planned_stop_is_stopping():
    """Between the decision and the end, the reason is known already; a hold that was in the way is gone."""
    shot = shot_of(canned.Canned().baseline().to_stop())
    assert shot["state"] == "stopping"
    assert shot["stop"] == {"reason": "5 regressions in a row", "code": "regressions", "is_done": False}


def test_a_paused_run_that_waits_keeps_its_reason():
    """Paused in the middle of a wait: no moment is promised."""
    run = canned.waiting()
    run.add(f.Paused())
    assert shot_of(run)["state"] == "paused"
    assert shot_of(run)["hold"]["until_s"] is None


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (s.Wait(0, ""), "waiting"),
        (s.Bench("c", "l", is_baseline=True), "benchmarking the kernel as found"),
        (s.Measure("b", "c", Purpose.NOISE), "measuring this machine's noise"),
        (s.Measure("b", "c", Purpose.ROUND), "timing the candidate next to best"),
        (s.Measure("b", "c", Purpose.ROUND, is_confirmation=True), "timing the formatted candidate next to best"),
        (s.Measure("b", "c", Purpose.HEADLINE), "measuring baseline against best afresh"),
        (s.Amend(Origin.QUICK_FIX, None, None, ""), "asking the proposer for a quick-fix"),
        (s.Publish("keep", "a", "b"), "keeping the candidate"),
        (s.Seal("stop", "a"), "writing the report"),
        (s.PlanStop("r", "c"), "ending the run"),
        (s.Propose(), "waiting for the proposer"),
        (s.OpenRound(3), "opening round 3"),
    ],
)
def test_steps_in_words(step, text):
    """People read what is done, not the name of a class."""
    assert tell_step(step) == text


def test_a_keep_that_did_not_hold_is_told_as_given_up():
    """Only what was kept after the best that is gone back to, from the moment it is doubted."""
    recent = shot_of(JOURNALS["rolled-back"]())["recent"]
    assert [(one["ending"], one["is_given_up"]) for one in recent] == [
        ("kept", False),
        ("kept", True),
        ("tie", False),
        ("tie", False),
    ]


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (Deeper(), ""),
        (Deeper(asked=3), "Counters were asked for in round 3."),
        (Deeper(taken=3, came="they came"), "they came"),
    ],
)
def test_counters_that_were_asked_for(wish, text):
    """Waited for, or what came of them."""
    state = replace(canned.running().state, deeper=wish)
    assert json.loads(snapshot(state, canned.SETTINGS))["agent"]["counters"] == text

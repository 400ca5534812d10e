"""What a person is told to do: nothing while all is well, one clear thing when something is wrong."""

import pytest

from kernel_opt.views.status import Seen
from kernel_opt.views.status_advice import SLOW_S, advise, is_overdue, record_of
from kernel_opt.views.status_screen import render_screen
from kernel_opt.views.terminal import Terminal
from tests.views import canned
from tests.views.journals import JOURNALS
from tests.views.recorded import seen_of


def told(seen: Seen, later_s: float = 75.0) -> str:
    return "; ".join(one.text for one in advise(seen, seen.last_fact_s + later_s))


@pytest.mark.parametrize("name", ["fresh", "running", "waiting", "split", "endings", "500 rounds", "wrong-baseline"])
def test_a_run_that_is_well_wants_nothing(name):
    """A card that others use is nobody's to mend: the run looks again by itself."""
    assert told(seen_of(JOURNALS[name]())) == ""


@pytest.mark.parametrize(
    ("name", "wanted", "is_wrong"),
    [
        ("paused", "`kernel-opt resume --tag apr16` goes on", False),
        ("stopped", "`kernel-opt start --tag apr16 --resume` goes on", False),
        ("no-agent", "see that the agent (command) can be reached", True),
        ("faulty", "`kernel-opt doctor` and `kernel-opt gpus` tell what is wrong", True),
        ("moved", "only a person can mend this: the branch kernel-opt/apr16 was moved", True),
    ],
)
def test_each_trouble_has_its_advice(name, wanted, is_wrong):
    """What is wrong stands out in colour; what is only open does not."""
    seen = seen_of(JOURNALS[name]())
    (one,) = advise(seen, seen.last_fact_s)
    assert wanted in one.text
    assert one.is_wrong is is_wrong
    screen = render_screen(seen, Terminal(200, has_colour=True), seen.last_fact_s)
    assert any("to do" in line and ("\x1b[31m" in line) is is_wrong for line in screen)


def test_a_dead_run_says_how_to_go_on():
    """Whoever sees it dead reads in the same place what to type."""
    seen = seen_of(canned.running(), pid=None)
    assert "kernel-opt start --tag apr16 --resume" in told(seen)
    assert advise(seen, 0.0)[0].is_wrong


def test_a_stopped_run_says_where_its_gains_are():
    """What was kept is on the branch; a run that kept nothing does not point there."""
    assert "`git log kernel-opt/apr16` has what was kept" in told(seen_of(canned.stopped()))
    assert "git log" not in told(seen_of(canned.Canned().baseline().stop()))
    seen = seen_of(canned.stopped())
    blocked = seen._replace(shot={**seen.shot, "blocked": "the branch was moved"})
    assert told(blocked).startswith("mend that first")


def test_little_room_is_told_before_the_disk_is_full():
    """Less than a round needs is said with both figures; unknown room is no alarm, and is shown as unknown."""
    low = seen_of(canned.running(), disk_free_mb=900.0)
    assert told(low) == "free some room: 900 MB left in /state/apr16, a round needs 2048 MB"
    text = "\n".join(render_screen(low, Terminal(80, has_colour=True), low.last_fact_s))
    assert "\x1b[31m0.9 GB of disk free" in text
    unknown = seen_of(canned.running(), disk_free_mb=None)
    assert told(unknown) == ""
    assert "free disk unknown" in "\n".join(render_screen(unknown, Terminal(80), unknown.last_fact_s))


def test_who_is_refused_again_and_again_is_named():
    """With where the reasons stand; whoever was refused once or twice is not, nor does an older status tell."""
    seen = seen_of(canned.running())
    assert told(seen) == ""
    refused = seen._replace(shot={**seen.shot, "refused": [["claude", 3]]})
    assert told(refused).startswith("claude: its last 3 proposals were refused; `kernel-opt show --tag ")
    older = {key: value for key, value in seen.shot.items() if key != "refused"}
    assert told(seen._replace(shot=older)) == ""


def test_a_disturbed_card_wants_a_card_of_its_own():
    """A neighbour that comes again and again is named as what it is."""
    run = canned.waiting()
    seen = seen_of(run)
    hold = {**seen.shot["hold"], "cause": "disturbed"}
    assert "a card of its own would help" in told(seen._replace(shot={**seen.shot, "hold": hold}))


def test_a_step_far_beyond_its_time_is_marked():
    """Five times the usual and a quarter of an hour more; where the usual time is unknown, six hours."""
    seen = seen_of(canned.running())
    assert not is_overdue(seen, seen.last_fact_s + 5 * 60 + SLOW_S - 1)
    assert is_overdue(seen, seen.last_fact_s + 5 * 60 + SLOW_S + 1)
    assert "takes far longer than usual: see `kernel-opt logs --tag apr16`" in told(seen, 3600)
    fresh = seen_of(canned.fresh())
    assert not is_overdue(fresh, fresh.last_fact_s + 5 * 3600)
    assert is_overdue(fresh, fresh.last_fact_s + 7 * 3600)
    waiting = seen_of(canned.waiting())
    assert not is_overdue(waiting, waiting.last_fact_s + 9 * 3600)


def test_an_older_snapshot_is_shown_all_the_same():
    """A journal of an earlier version has fewer fields: what is missing is unknown, and nothing falls over."""
    seen = seen_of(canned.running())
    late = ("round_now", "card", "sandbox", "sandbox_text", "agent", "blocked", "min_free_mb")
    old = {name: value for name, value in seen.shot.items() if name not in late}
    old["step"] = {name: value for name, value in old["step"].items() if name != "expected_of"}
    old["recent"] = [{key: value for key, value in one.items() if key != "uncertainty_pct"} for one in old["recent"]]
    lines = "\n".join(render_screen(seen._replace(shot=old), Terminal(80), seen.last_fact_s))
    assert "sandbox unknown" in lines
    assert record_of(seen._replace(shot=old), 0.0)["advice"] == ""

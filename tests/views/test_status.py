import json

import pytest

from kernel_opt.views.snapshot import snapshot
from kernel_opt.views.status import Seen, exit_code_of, render_line, word_of
from kernel_opt.views.status_advice import record_of
from kernel_opt.views.status_screen import render_screen
from kernel_opt.views.terminal import Terminal
from tests.views import canned
from tests.views.recorded import screen_of, seen_of


@pytest.mark.parametrize(
    ("name", "pid", "word", "code"),
    [
        ("fresh", 1, "starting", 0), ("running", 1, "running", 0), ("running", 0, "running", 0),
        ("waiting", 1, "waiting", 0), ("paused", 1, "paused", 0), ("stopped", None, "stopped", 3),
        ("stopped", 1, "stopped", 3), ("running", None, "dead", 4), ("waiting", None, "dead", 4),
    ],
)  # fmt: skip
def test_the_word_and_the_exit_code(name, pid, word, code):
    """A run whose daemon is gone is dead, whatever its journal says; a stopped one needs no daemon."""
    seen = seen_of(canned.ALL[name](), pid)
    assert word_of(seen) == word
    assert exit_code_of(word) == code
    assert record_of(seen, 0.0)["state"] == word


def test_a_dead_run_says_what_to_do():
    """Who sees it dead reads in the same place how to go on."""
    text = "\n".join(screen_of(canned.running(), Terminal(80), None))
    assert "kernel-opt start --tag apr16 --resume" in text
    assert "no daemon" in text
    assert "since 20" in text


def test_a_waiting_run_says_why_and_until_when():
    """Another user's process on the card is named."""
    text = "\n".join(screen_of(canned.waiting(), Terminal(120)))
    assert "(look 1 of 7): GPU 0: pid 812 (train) uses it; GPU 1: unknown load" in text
    assert " until " in text


def test_jobs_on_a_cluster_are_told_with_what_they_wait_for():
    """One line for each session that is a job, on the screen and in the JSON."""
    jobs = ({"session": "0007/measure-1", "text": "ko-t1: job 17 PENDING (Priority)"},)
    seen = seen_of(canned.running())._replace(queue=jobs)
    assert "0007/measure-1: ko-t1: job 17 PENDING (Priority)" in "\n".join(render_screen(seen, Terminal(120), 0))
    assert record_of(seen, 0.0)["queue"] == list(jobs)


def test_a_broken_journal_is_told():
    """A journal that cannot be read is shown as such, in both forms."""
    seen = Seen("apr16", "/s", None, None, None, "journal.db cannot be read; move it aside")
    assert word_of(seen) == "broken"
    assert exit_code_of("broken") == 4
    assert "move it aside" in "\n".join(render_screen(seen, Terminal(80), 0))
    assert "journal.db cannot be read" in render_line(seen, Terminal(80), 6)
    assert record_of(seen, 0.0)["problem"]


def test_a_run_without_a_snapshot_is_starting_or_dead():
    """Before the first fact there is nothing to show but that."""
    assert word_of(Seen("t", "/s", None, 7)) == "starting"
    assert word_of(Seen("t", "/s", None, None)) == "dead"
    assert len(render_screen(Seen("t", "/s", None, 7), Terminal(80), 0)) == 1


def test_an_old_headline_and_a_planned_stop_are_said():
    """What was measured afresh before the last keep is still told, and why the run is about to end."""
    run = canned.Canned().baseline().keep().headline().keep()
    assert "an earlier best was 7.5 ± 0.4 %" in "\n".join(screen_of(run, Terminal(80)))
    assert "ending  5 regressions in a row" in "\n".join(screen_of(run.to_stop(), Terminal(80)))


def test_a_daemon_that_writes_nothing_for_hours_is_marked():
    """Alive, running, but no fact for a night: that is worth a colour."""
    seen = seen_of(canned.running())
    late = render_screen(seen, Terminal(80, has_colour=True), seen.last_fact_s + 7 * 3600)
    assert any("\x1b[31mdaemon 4711" in line for line in late)


def test_many_classes_do_not_push_the_rest_away():
    """As many classes are shown as fit the screen, the hottest first, the others counted."""
    seen = seen_of(canned.running())
    one = seen.shot["classes"][0]
    shot = {**seen.shot, "classes": [{**one, "key": f"c={n}", "share_pct": n} for n in range(12)]}
    lines = render_screen(seen._replace(shot=shot), Terminal(80), 0)
    assert len(lines) == 24
    assert sum(" c=" in line for line in lines) == 5
    assert any("c=11" in line for line in lines)
    assert any("and 7 more" in line for line in lines)
    higher = render_screen(seen._replace(shot=shot), Terminal(80), 0, 60)
    assert any("and 4 more" in line for line in higher)


def test_hostile_text_cannot_touch_the_terminal():
    """Escape codes and reordering marks in a hypothesis or a reason never reach the screen."""
    run = canned.Canned().baseline()
    run.drop(sentence="x\x1b[2J\x1b]0;owned\x07\u202eevil\nnew line")
    text = "\n".join(screen_of(run, Terminal(200)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil new line" in text


def test_classes_that_cannot_show_a_small_gain_are_told():
    """What the noise of a class hides is said, with what would help; a quiet machine has no such line."""
    run = canned.running()
    shot = json.loads(snapshot(run.state, canned.SETTINGS))
    assert not any("cannot show" in line for line in screen_of(run, Terminal(80)))
    shot["detectable_pct"] = {canned.KEYS[0]: 6.25, canned.KEYS[1]: None}
    lines = render_screen(Seen("apr16", "/state/apr16", shot, 4711, shot["last_fact_s"]), Terminal(120), 0.0)
    told = next(line for line in lines if line.startswith("  noise"))
    assert "1 of 2 classes cannot show 2 %" in told
    assert canned.KEYS[0] in told


def test_an_older_daemon_tells_nothing_of_predictions():
    """Its status is shown all the same; before the first measured prediction there is no line of them either."""
    seen = seen_of(canned.running())
    assert any("claims" in line for line in render_screen(seen, Terminal(80), 0))
    older = {key: value for key, value in seen.shot.items() if key != "predictions"}
    assert not any("claims" in line for line in render_screen(seen._replace(shot=older), Terminal(80), 0))
    sizeless = {**seen.shot, "predictions": {**seen.shot["predictions"], "factor": None}}
    assert not any("times predicted" in line for line in render_screen(seen._replace(shot=sizeless), Terminal(80), 0))

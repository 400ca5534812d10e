import json

import pytest

from kernel_opt.views.format import width_of
from kernel_opt.views.snapshot import snapshot
from kernel_opt.views.status import Seen, advise, exit_code_of, record_of, render_line, word_of
from kernel_opt.views.status_screen import render_screen
from kernel_opt.views.terminal import Terminal
from tests.views import canned

RUNNING = """\
apr16  running   /home/ann/flydsl
  now     round 5, benchmarking the candidate, for 1 min 15 s (the baseline took
          1 min 30 s)
  gain    7.5 ± 0.9 % less time than the baseline
          script time, one benchmark run of each; best is 0001faaaaa, round 1
  classes                                 share   before  best us           gain
    block_size=1024, mtp=1, head_size=128   80%      400      380    5.0 ± 0.8 %
    block_size=16, mtp=0, head_size=128     20%    100.0     90.0       10 ± 2 %
  rounds  1 failed, 1 kept, 1 regression, 1 tie
          1 regression in a row, 5 end the run
  last       4 regression     -7.0 %  Prefetch block 4 of K earlier.
             3 failed                 Prefetch block 3 of K earlier.
             2 tie            -0.1 %  Prefetch block 2 of K earlier.
             1 kept           +7.5 %  Prefetch block 1 of K earlier.
  spent   27 min of GPU time, 50 thousand tokens, 0.25 USD
  health  daemon 4711, last fact 1 min 15 s ago"""


def seen_of(run: canned.Canned, pid: int | None = 4711) -> Seen:
    shot = json.loads(snapshot(run.state, canned.SETTINGS))
    return Seen("apr16", "/state/apr16", shot, pid, shot["last_fact_s"])


def screen_of(run: canned.Canned, terminal: Terminal, pid: int | None = 4711) -> list[str]:
    seen = seen_of(run, pid)
    return render_screen(seen, terminal, seen.last_fact_s + 75)


def test_a_running_run_on_80_columns():
    """The whole screen, word for word."""
    assert "\n".join(screen_of(canned.running(), Terminal(80))) == RUNNING


@pytest.mark.parametrize("width", [60, 72, 80, 120, 200])
@pytest.mark.parametrize("name", canned.ALL)
def test_no_line_is_wider_than_the_terminal(name, width):
    """Every state fits every width, alive or dead, in a screen or in a line."""
    for pid in (4711, None):
        run = canned.ALL[name]()
        lines = screen_of(run, Terminal(width), pid)
        assert max(map(width_of, lines)) <= width
        assert len(lines) <= 24
        assert width_of(render_line(seen_of(run, pid), Terminal(width), 12)) <= width


def test_colour_changes_nothing_but_colour():
    """Without the codes the coloured screen is the plain one."""
    coloured = "\n".join(screen_of(canned.running(), Terminal(80, has_colour=True)))
    assert "\x1b[32mrunning" in coloured
    for code in ("0", "1", "2", "31", "32", "33"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == RUNNING


def test_a_terminal_without_utf8_gets_ascii():
    """LANG=C shows no stray bytes."""
    text = "\n".join(screen_of(canned.running(), Terminal(80, has_unicode=False)))
    assert text.isascii()
    assert "7.5 +- 0.9 %" in text


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
    assert record_of(seen)["state"] == word


def test_a_dead_run_says_what_to_do():
    """Who sees it dead reads in the same place how to go on."""
    text = "\n".join(screen_of(canned.running(), Terminal(80), None))
    assert "kernel-opt start --tag apr16 --resume" in text
    assert "no daemon" in text
    assert "since 20" in text


def test_a_waiting_run_says_why_and_until_when():
    """Another user's process on the card is named."""
    text = "\n".join(screen_of(canned.waiting(), Terminal(120)))
    assert "(look 1): GPU 0: pid 812 (train) uses it; GPU 1: unknown load" in text
    assert " until " in text


def test_a_broken_journal_is_told():
    """A journal that cannot be read is shown as such, in both forms."""
    seen = Seen("apr16", "/s", None, None, None, "journal.db cannot be read; move it aside")
    assert word_of(seen) == "broken"
    assert exit_code_of("broken") == 4
    assert "move it aside" in "\n".join(render_screen(seen, Terminal(80), 0))
    assert "journal.db cannot be read" in render_line(seen, Terminal(80), 6)
    assert record_of(seen)["problem"]


def test_a_run_without_a_snapshot_is_starting_or_dead():
    """Before the first fact there is nothing to show but that."""
    assert word_of(Seen("t", "/s", None, 7)) == "starting"
    assert word_of(Seen("t", "/s", None, None)) == "dead"
    assert len(render_screen(Seen("t", "/s", None, 7), Terminal(80), 0)) == 1


def test_advice_is_given_only_where_there_is_something_to_do():
    """A run that is well wants nothing."""
    assert advise(seen_of(canned.running())) == ""
    assert "resume" in advise(seen_of(canned.paused()))
    assert "--resume" in advise(seen_of(canned.stopped()))


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
    """Eight classes are shown, the hottest first, the others counted."""
    seen = seen_of(canned.running())
    one = seen.shot["classes"][0]
    shot = {**seen.shot, "classes": [{**one, "key": f"c={n}", "share_pct": n} for n in range(12)]}
    lines = render_screen(seen._replace(shot=shot), Terminal(80), 0)
    assert any("c=11" in line for line in lines)
    assert any("and 4 more" in line for line in lines)


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

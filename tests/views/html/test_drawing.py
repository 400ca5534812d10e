import re

import pytest

from kernel_opt.views.html.drawing import caption, draw
from kernel_opt.views.html.fold import PageStory
from kernel_opt.views.progress import Progress, trace_progress
from tests.views import canned
from tests.views.journals import JOURNALS


def progress_of(run: canned.Canned) -> Progress:
    story = PageStory()
    for entry in run.entries:
        story.add(entry)
    return trace_progress(story.run.levels, story.rounds)


@pytest.mark.parametrize("name", JOURNALS)
@pytest.mark.parametrize("size", [(960, 320), (400, 280)])
def test_everything_lies_within_the_picture(name, size):
    """Whatever the run was, on a desk and on a phone."""
    drawing = draw(progress_of(JOURNALS[name]()), "p", *size)
    places = [(dot.x, dot.y) for dot in drawing.dots] + [(one.x, one.y) for one in drawing.afresh]
    assert all(0 <= x <= size[0] and 0 <= y <= size[1] for x, y in places)
    for path in (drawing.line, drawing.band):
        assert "nan" not in path
        assert all(float(number) <= max(size) for number in re.findall(r"[\d.]+", path))


def test_kept_steps_are_marked_and_lie_on_the_line():
    """The dropped ones lie beside it, the slower the lower."""
    run = canned.Canned().baseline().keep((0.9, 0.9)).drop().drop(canned.Ending.REGRESSION)
    kept, tie, worse = draw(progress_of(run), "p", 960, 320).dots
    assert (kept.is_kept, tie.is_kept, worse.is_kept) == (True, False, False)
    assert f"H{kept.x}V{kept.y}" in draw(progress_of(run), "p", 960, 320).line
    assert kept.y <= tie.y < worse.y
    assert kept.text == "Round 1, kept: 10.0 ± 0.9 % less time than the baseline"


def test_a_disaster_does_not_flatten_the_picture():
    """A candidate that is ten times slower is drawn at the edge and marked as beyond."""
    run = canned.Canned().baseline().keep((0.9, 0.9))
    run.propose()
    run.bench((10, 10))
    run.judge(canned.Outcome.WORSE, (10.0, 10.0))
    run.add(canned.r.Dropped(ending=canned.Ending.REGRESSION, why="ten times slower"))
    drawing = draw(progress_of(run), "p", 960, 320)
    assert [dot.is_beyond for dot in drawing.dots] == [False, True]
    assert drawing.zero - drawing.dots[0].y > 80


def test_what_was_measured_afresh_has_its_interval():
    """As a whisker around it, with the pairs that it rests on."""
    [afresh] = draw(progress_of(canned.stopped()), "p", 960, 320).afresh
    assert afresh.high < afresh.y < afresh.low
    assert afresh.text == "Measured afresh after round 1: 7.5 ± 0.4 %, 6 pairs"


def test_the_caption_says_from_how_many_samples():
    """Rounds, kept, dropped, without a figure, pairs; and what a diamond is when there is one."""
    text = caption(progress_of(canned.stopped()))
    assert "over 6 rounds: 1 kept (filled), 5 timed and dropped (open), 0 without a figure." in text
    assert "From 42 pairs of runs on one card." in text
    assert "Diamonds: baseline against best measured afresh." in text
    assert "Diamonds" not in caption(progress_of(canned.running()))
    assert caption(progress_of(canned.fresh())) == "No round was begun yet."

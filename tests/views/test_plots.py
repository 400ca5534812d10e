"""The picture: valid SVG, the same bytes every time, small, legible in light and dark, harmless."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.views.gains import Gain
from kernel_opt.views.plot_scale import Scale, pixel, ticks
from kernel_opt.views.plot_words import describe
from kernel_opt.views.plots import HEIGHT, WIDTH, draw_progress
from kernel_opt.views.progress import Level, Progress, Try
from tests.views import canned
from tests.views.journals import HOSTILE, JOURNALS
from tests.views.test_progress import progress_of

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def of_class(svg: str, name: str) -> list[ET.Element]:
    return [one for one in parse(svg).iter() if name in one.get("class", "").split()]


@pytest.mark.parametrize("name", JOURNALS)
def test_every_journal_gives_a_picture(name):
    """Well-formed XML with a title and words for whoever cannot see it, twice the same bytes, nothing from outside."""
    progress = progress_of(JOURNALS[name]())
    svg = draw_progress(progress, "apr16")
    root = parse(svg)
    assert svg == draw_progress(progress_of(JOURNALS[name]()), "apr16")
    assert root.find(f"{SVG}title").text == "apr16: time saved against the baseline, round by round"
    assert root.find(f"{SVG}desc").text == describe(progress)
    assert svg.count("http") == 1
    assert "<script" not in svg
    assert "nan" not in svg


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text):
    """A tag cannot leave its element."""
    root = parse(draw_progress(progress_of(canned.running()), text))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {
        "svg", "title", "desc", "style", "rect", "text", "path", "circle"
    }  # fmt: skip


def test_kept_steps_uncertainty_and_fresh_measurements_are_marked():
    """One dot per keep, one diamond per measurement afresh, a band while best stood; the legend has one of each."""
    svg = draw_progress(progress_of(canned.stopped()), "apr16")
    assert len(of_class(svg, "kept")) == 1 + 1
    assert len(of_class(svg, "afresh")) == 1 + 1
    assert len(of_class(svg, "band")) >= 1 + 1
    (dropped, _legend) = of_class(svg, "dropped")
    assert dropped.get("d").count("M") == 5
    assert "7.5 ± 0.4 %" in svg
    assert "6 candidates measured in 42 pairs." in svg


def test_light_and_dark_have_colours_of_their_own():
    """The picture carries its own background: a forge shows it as an image, on whatever page."""
    svg = draw_progress(progress_of(canned.running()), "apr16")
    assert "prefers-color-scheme:dark" in svg
    assert of_class(svg, "bg")


def test_thousands_of_rounds_stay_small():
    """It is committed with each keep."""
    svg = draw_progress(progress_of(canned.long(1000)), "apr16")
    assert len(svg.encode()) < 25_000
    assert len(draw_progress(progress_of(canned.long(500)), "apr16").encode()) < 15_000


def test_nothing_is_drawn_outside():
    """A candidate three times slower does not squeeze everything else: it stands at the edge, and that is said."""
    level = Level(round=0, at_s=0, gain=Gain(gain_pct=0.0, uncertainty_pct=0.0), pairs=0)
    kept = Level(round=2, at_s=0, gain=Gain(gain_pct=10.0, uncertainty_pct=None), pairs=0)
    gains = ((1, Gain(gain_pct=-200.0, uncertainty_pct=1.0)), (2, kept.gain), (3, Gain()))
    tries = tuple(Try(round=number, ending="x", is_kept=number == 2, gain=gain, pairs=6) for number, gain in gains)
    svg = draw_progress(Progress(rounds=3, levels=(level, kept), tries=tries, unmeasured=0), "t")
    assert "1 slower than the picture reaches stand at its lower edge" in svg
    assert "about 10 %" in svg
    for one in parse(svg).iter():
        for name, most in (("x", WIDTH), ("y", HEIGHT), ("cx", WIDTH), ("cy", HEIGHT)):
            assert 0 <= float(one.get(name, "0")) <= most


def test_words_for_the_picture():
    """What stands for the picture says gain, steps and samples; many steps are not all named."""
    assert describe(progress_of(canned.fresh())) == "No baseline is measured yet."
    assert "nothing is kept yet; 1 candidate measured in 6 pairs" in describe(progress_of(canned.paused()))
    text = describe(progress_of(canned.long(500)))
    assert "22.2 ± 0.9 % in 20 kept steps (round 1, 26, 51, 76, 101, 126, ... 351, 376" in text
    assert "46 rounds without a measurement not shown" in text


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_round_and_inside(low, span):
    """Two to eleven of them, in steps of 1, 2 or 5, none beyond the axis."""
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 11
    assert all(low - span * 1e-6 <= one <= low + span * (1 + 1e-6) for one in found)
    step = found[1] - found[0]
    lead = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(math.isclose(lead, wanted, rel_tol=1e-3) for wanted in (1, 2, 5, 10))


def test_a_scale_holds_its_ends():
    """Values beyond the ends stand at the ends; coordinates are written to a tenth, never as -0."""
    scale = Scale(0, 10, 100, 200)
    assert [scale.at(value) for value in (-5, 0, 5, 10, 99)] == [100, 100, 150, 200, 200]
    assert [pixel(value) for value in (1.04, 2.0, -0.01, 3.25)] == ["1", "2", "0", "3.2"]

"""What a study found: as data, in words, as a picture."""

import math
import xml.etree.ElementTree as ET

import msgspec
import pytest

from kernel_opt.model.study import Arm, StudyPlan
from kernel_opt.views.study import StudyResult, tell_study
from kernel_opt.views.study_plot import HEIGHT, WIDTH, draw_study
from kernel_opt.views.study_text import estimate_text, render_study
from kernel_opt.views.study_tracks import Track
from tests.views.journals import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"


def track(arm: str, seed: int, *curve: float, is_done: bool = True, **more: object) -> Track:
    known = {"is_done": is_done, "rounds": len(curve), "keeps": 1, "curve": curve, "why": "3 rounds done, as asked"}
    end = curve[-1] if curve else None
    return Track(tag=f"study-s-{arm}-{seed}", arm=arm, seed=seed, speed_up=end, **(known | more))


def study(*tracks: Track, seeds: int = 6) -> StudyResult:
    plan = StudyPlan(name="s", rounds=3, seeds=seeds, arms=(Arm(name="a"), Arm(name="b")))
    return tell_study(plan, "/home/ann/flydsl", tracks)


def clear(seeds: int = 6, **more: object) -> StudyResult:
    """Arm a is twice as fast as b, give or take, in every pair."""
    fast = [track("a", seed, 1.0, 2.0, 4.0 + seed / 10, **more) for seed in range(1, seeds + 1)]
    slow = [track("b", seed, 1.0, 1.0, 2.0) for seed in range(1, seeds + 1)]
    return study(*fast, *slow, seeds=seeds)


def test_arms_are_geometric_means_over_their_tracks() -> None:
    """At the end and over the rounds; the curve has every round."""
    found = study(track("a", 1, 1.0, 2.0, 2.0), track("a", 2, 1.0, 1.0, 8.0), track("b", 1, 1.0, 1.0, 1.0))
    first, second = found.arms
    assert first.speed_up is not None
    assert first.over_rounds is not None
    assert first.speed_up.value == pytest.approx(4.0)
    assert first.over_rounds.value == pytest.approx(math.exp((math.log(4) / 3 + math.log(8) / 3) / 2))
    assert [one.value for one in first.curve] == pytest.approx([1.0, math.sqrt(2), 4.0])
    assert (first.tracks, second.tracks, second.speed_up.low if second.speed_up else 0) == (2, 1, None)


def test_only_pairs_with_both_tracks_done_are_compared() -> None:
    """Seed by seed; a track that was cut off says nothing."""
    found = study(
        track("a", 1, 1.0, 1.0, 4.0), track("b", 1, 1.0, 1.0, 2.0),
        track("a", 2, 1.0, 1.0, 9.0), track("b", 2, 1.0, 1.0, 1.0, is_done=False),
        track("b", 3, 1.0, 1.0, 1.0),
    )  # fmt: skip
    assert found.at_end is not None
    assert found.over_rounds is not None
    assert (found.at_end.pairs, found.at_end.ahead) == (1, 1)
    assert found.at_end.difference.value == pytest.approx(2.0)
    assert found.over_rounds.difference.value == pytest.approx(2 ** (1 / 3))
    assert study(track("a", 1, 1.0, 1.0, 2.0)).at_end is None


def test_it_is_told_what_it_comes_to() -> None:
    """A difference that six pairs agree on; fewer cannot show one; none where signs are mixed; never more than that."""
    assert "In the same number of rounds a reaches more than b." in render_study(clear())
    assert "5 pairs cannot show a difference: 6 are the least." in render_study(clear(5))
    ends = (1.1, 0.9, 1.2, 0.8, 1.3, 0.7)
    tracks = [track("a", seed, 1.0, 1.0, end) for seed, end in enumerate(ends)]
    mixed = study(*tracks, *(track("b", seed, 1.0, 1.0, 1.0) for seed in range(6)))
    assert "No difference is shown: chance alone often gives as much." in render_study(mixed)
    lost = study(*(track("a", seed, 1.0, 1.0, 1.0) for seed in range(6)), *(
        track("b", seed, 1.0, 1.0, 2.0 + seed) for seed in range(6)
    ))  # fmt: skip
    assert "In the same number of rounds a reaches less than b." in render_study(lost)


def test_the_table_says_how_each_figure_is_known() -> None:
    """Intervals with their confidence, tracks by the verdicts of their rounds marked, what is missing and why."""
    lines = render_study(clear())
    assert lines[0] == "study s: a against b, 6 pairs of tracks, 3 rounds each; 12 of 12 tracks are done"
    assert any(line.startswith("a    6       4.35x (4.10 to 4.60)") for line in lines)
    assert any("p = 0.0312" in line for line in lines)
    assert any("their intervals hold with 97 % confidence" in line for line in lines)
    assert any(line.startswith("study-s-a-1") and "~4.10x" in line for line in lines)
    afresh = render_study(clear(is_afresh=True, tokens=9000, cost_usd=0.5))
    assert any(line.startswith("study-s-a-1") and " 4.10x" in line for line in afresh)
    assert "a track of a took 9 thousand tokens, 0.50 USD" in afresh
    early = render_study(study(track("a", 1, is_done=False, why="no idle GPU\x1b[2J")))
    assert "No pair has both its tracks done yet: there is nothing to compare." in early
    assert any("not done: no idle GPU?[2J" in line for line in early)


def test_one_track_has_no_interval() -> None:
    """It is told as it is."""
    found = study(track("a", 1, 1.0, 1.0, 2.0), track("b", 1, 1.0, 1.0, 1.0))
    assert found.arms[0].speed_up is not None
    assert estimate_text(found.arms[0].speed_up) == "2.00x"
    assert any("at the end       2.000, ahead in 1" in line for line in render_study(found))


def test_it_is_data_too() -> None:
    """What `--json` prints can be read again."""
    found = clear()
    assert msgspec.json.decode(msgspec.json.encode(found), type=StudyResult) == found


def paths(svg: str, name: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(svg).iter(f"{SVG}path") if name in one.get("class", "").split()]


def test_the_picture_has_every_track() -> None:
    """A line a track, one a mean, a band an arm, within the picture; words for whoever cannot see it."""
    svg = draw_study(clear())
    assert (len(paths(svg, "track")), len(paths(svg, "mean")), len(paths(svg, "band"))) == (12, 2 + 2, 2)
    root = ET.fromstring(svg)
    assert svg == draw_study(clear())
    assert "a, 6 tracks, 4.35x (4.10 to 4.60) at the end" in str(root.findtext(f"{SVG}desc"))
    assert svg.count("http") == 1
    for path in paths(svg, "mean") + paths(svg, "band"):
        numbers = path.get("d", "").replace("M", " ").replace("L", " ").replace("h", " ").replace("Z", "").split()
        assert all(0 <= float(number) <= max(WIDTH, HEIGHT) for number in numbers)


@pytest.mark.parametrize("ends", [(1.001, 1.0), (1.2, 1.1), (30.0, 1.0), (0.5, 0.9), (1.0, 1.0)])
def test_marks_fit_the_span(ends: tuple[float, float]) -> None:
    """From a thousandth to thirtyfold, up or down: a few round marks."""
    svg = draw_study(study(track("a", 1, 1.0, 1.0, ends[0]), track("b", 1, 1.0, 1.0, ends[1])))
    marks = [text for one in ET.fromstring(svg).iter(f"{SVG}text") if (text := one.text or "").endswith("x")]
    assert 2 <= len(marks) <= 10
    assert "nan" not in svg


def test_a_picture_without_any_track() -> None:
    """Says so."""
    svg = draw_study(study(track("a", 1, is_done=False)))
    assert "No track is done yet." in svg
    assert "There is no pair to compare yet." in svg


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """Whatever a run's end says."""
    found = study(track("a", 1, 1.0, 1.0, 2.0, why=text), track("b", 1, 1.0, 1.0, 2.0, is_done=False, why=text))
    ET.fromstring(draw_study(found))
    assert all(char.isprintable() for line in render_study(found) for char in line)

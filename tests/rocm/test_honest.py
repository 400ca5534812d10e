"""Honest candidates under wrong settings and new names: nobody is refused for what a person or a compiler wrote."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import NoiseJudged
from kernel_opt.model.round_facts import Kept, Refused
from tests.rocm.scenes import FASTER, make_scene, page


@pytest.mark.slow
def test_wrong_call_counts_are_told_at_the_baseline_and_refuse_nobody(tmp_path: Path) -> None:
    """The settings tell of more calls than the benchmark makes: a warning at once, and the gain is kept even so."""
    scene = make_scene(tmp_path / "run", {"1:propose": page(FASTER)}, timed_calls=25)
    scene.play()
    assert (len(scene.facts(Kept)), scene.facts(Refused)) == (1, [])
    notes = scene.facts(NoiseJudged)[0].notes
    (told,) = [note for note in notes if "the settings tell of" in note]
    assert "3 warm-up and 25 timed calls for each of 6 rows, 168 in all" in told
    assert "set benchmark.warmup_calls" in scene.report()


@pytest.mark.slow
@pytest.mark.parametrize("name", ['"pa_narrow_kernel_0"', '"generated_" + "9f3"'])
def test_a_renamed_kernel_is_judged_as_the_one_it_replaces(tmp_path: Path, name: str) -> None:
    """Whether its new name stands in the tuned files or is made up there."""
    renamed = ('"pa_decode_tile_kernel_0"', name)
    scene = make_scene(tmp_path / "run", {"1:propose": page(FASTER, renamed)})
    scene.play()
    assert (len(scene.facts(Kept)), scene.facts(Refused)) == (1, [])

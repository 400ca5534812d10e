"""Whole rounds on the ROCm platform: judged by traced GPU time, on the right card, and not to be fooled."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import Judged, Measured, Purpose
from kernel_opt.model.measurement import Metric
from kernel_opt.model.round_facts import Dropped, Ending, Kept, Refused
from kernel_opt.model.verdict import Outcome
from tests.e2e.proof import prove_quiet, prove_user
from tests.rocm.scenes import FASTER, SEES, SLOWER, TILE, Host, Scene, busy, gpu, make_scene, page

REMEMBERS = """\
def pa_decode_tile_kernel(config):
    import __main__
    launch, times = __main__.launch, {}
    def once(name, us, *shape):
        if name.startswith("pa_decode") and name in times:
            return times[name] * 0.5
        times[name] = launch(name, us, *shape)
        return times[name]
    __main__.launch = once
    return honest_kernel(config)


def honest_kernel(config):
"""


def endings(scene: Scene) -> list[Ending]:
    return [fact.ending for fact in scene.facts(Dropped)]


def test_keep_regression_and_cheat_by_traced_gpu_time(tmp_path: Path) -> None:
    """GPU time per class decides; the child sees the leased card, which HIP numbers differently; skipped calls show."""
    host = Host(tmp_path / "host", [gpu(0, node=3), gpu(1, node=2)], {"moments": [{"cards": busy([1])}]})
    book = {
        "1:propose": page(FASTER),
        "2:propose": page(SLOWER),
        "3:propose": page(("def pa_decode_tile_kernel(config):\n", REMEMBERS)),
    }
    scene = make_scene(tmp_path / "run", book, host, kernel=SEES)
    scene.play()
    kept, (judged, *_) = scene.facts(Kept), [fact.verdict for fact in scene.facts(Judged)]
    assert (len(kept), endings(scene)) == (1, [Ending.REGRESSION, Ending.REFUSED])
    assert (judged.metric, judged.outcome) == (Metric.GPU, Outcome.BETTER)
    ratios = {one.key: one.ratio or 0.0 for one in judged.classes}
    assert len(ratios) == 6
    for key, ratio in ratios.items():
        expected = 1.0 if key.startswith("block_size=1024") else 1 / 1.6
        assert ratio == pytest.approx(expected, rel=0.05), key
    (refused,) = scene.facts(Refused)
    assert (refused.rule, refused.cheat) == ("skipped-calls", True)
    runs = [run for fact in scene.facts(Measured) for run in fact.measurement.runs]
    assert {(run.card, run.gpu_us is not None, run.clock_mhz) for run in runs} == {("pci-0000:05:00-p0", True, None)}
    assert {(run.temperature_c, run.power_cap_w) for run in runs} == {(35.0, 750.0)}
    assert set(Path(f"{host.path}.seen").read_text().split()) == {"1"}
    assert "of GPU time per call" in scene.report()
    for told in (
        "AMD Instinct MI300X (gfx942)",
        "free (performance level auto)",
        "750 W",
        "rocprofv3 1.0.0 (ROCm 7.0.0)",
    ):
        assert told in scene.report()
    prove_quiet(scene)
    prove_user(scene)


@pytest.mark.slow
@pytest.mark.parametrize("rocm", ["6.2", "6.4", "7.0"])
@pytest.mark.parametrize("has_error_column", [True, False])
@pytest.mark.parametrize("source", ["rocm-smi", "amd-smi"])
def test_every_dialect_and_version(tmp_path: Path, rocm: str, has_error_column: bool, source: str) -> None:
    """Wrong numbers are repaired or dropped in both dialects, whatever the versions of script, tools and tracer."""
    wrong = ("SCALE_SHIFT = 0 ", "SCALE_SHIFT = 1 ")
    book = {"1:propose": page(FASTER, wrong), "1:repair": page(wrong[::-1]), "2:propose": page(SLOWER)}
    scene = make_scene(
        tmp_path / "run", book, has_error_column=has_error_column, tracer={"rocm": rocm}, source=source, rounds=2
    )
    scene.play()
    assert (len(scene.facts(Kept)), endings(scene)) == (1, [Ending.REGRESSION])
    assert {fact.verdict.metric for fact in scene.facts(Judged)} == {Metric.GPU}


@pytest.mark.slow
def test_the_evidence_preset_keeps_and_drops(tmp_path: Path) -> None:
    """With pairs and evidence instead of one run each, the same candidates end the same way."""
    scene = make_scene(tmp_path / "run", {"1:propose": page(FASTER), "2:propose": page(SLOWER)}, preset="evidence")
    scene.play()
    assert (len(scene.facts(Kept)), endings(scene)) == (1, [Ending.REGRESSION])
    rounds = [fact for fact in scene.facts(Measured) if fact.purpose is Purpose.ROUND]
    assert max(len(fact.measurement.runs) for fact in rounds) <= 8


@pytest.mark.slow
def test_an_edit_for_another_class_alone(tmp_path: Path) -> None:
    """A gain in the classes of one kernel is seen there and nowhere else."""
    classes = [f"block_size={size}, query_length={query}, head_size=128" for size in (16, 64) for query in (1, 2)]
    scene = make_scene(tmp_path / "run", {"1:propose": page(FASTER, cites=[TILE], targets=classes)})
    scene.play()
    assert len(scene.facts(Kept)) == 1

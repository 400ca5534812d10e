"""`kernel-opt compare` on the ROCm platform: GPU time by the tracer, on a card that nobody uses."""

import json
from pathlib import Path

import pytest

from tests.e2e.survivors import end_all
from tests.edges.toy_repository import user_git
from tests.rocm.flydsl.lay_out import KERNEL, edit
from tests.rocm.scenes import FASTER, Host, busy, gpu, make_scene


def test_gpu_time_decides_on_the_idle_card(tmp_path: Path) -> None:
    """Every class by traced GPU time; of two cards the busy one is left alone."""
    host = Host(tmp_path / "host", [gpu(0), gpu(1)], {"moments": [{"cards": busy([0])}]})
    scene = make_scene(tmp_path / "run", {}, host, watch_s=0.05)
    edit(scene.repository / KERNEL, *FASTER)
    user_git(scene.repository, "commit", "--quiet", "--all", "--message=faster")
    try:
        ended = scene.cli("compare", "HEAD^", "HEAD", "--config", str(scene.config), "--pairs", "1", "--json")
    finally:
        end_all(tmp_path)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["metric"], told["outcome"], told["card"]) == ("gpu", "better", "pci-0000:15:00-p0")
    ratios = {one["key"]: one["b_us"] / one["a_us"] for one in told["classes"]}
    assert len(ratios) == 6
    for key, ratio in ratios.items():
        assert ratio == pytest.approx(1.0 if key.startswith("block_size=1024") else 1 / 1.6, rel=0.05), key

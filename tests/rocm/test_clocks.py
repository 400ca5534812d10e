"""Clocks under load: what the card did while a run lasted goes into the measurement and decides what is run again."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import Disturbed, Measured, Purpose
from kernel_opt.model.round_facts import Kept
from tests.rocm.scenes import FASTER, Host, gpu, loaded, make_scene, page

KEEP = {"1:propose": page(FASTER)}
FAST_MHZ, SLOW_MHZ = 2100, 1650


def play_host(base: Path) -> Host:
    """A card that sleeps unless a run is at work, and whose clock drops while a run is marked as slow."""
    at_work = {"use_pct": 98, "vram_used": 2**30, "temperature": 71.0}
    moments = [
        {},
        {"while_there": str(base / "run/busy"), "cards": {"0": {**at_work, "sclk": FAST_MHZ}}},
        {"while_there": str(base / "run/slow"), "cards": {"0": {**at_work, "sclk": SLOW_MHZ, "throttled": True}}},
    ]
    return Host(base / "host", [gpu(0)], {"moments": moments})


@pytest.mark.slow
def test_a_run_whose_clock_dropped_is_measured_again(tmp_path: Path) -> None:
    """The clock in the measurement is that under load; a pair with unlike clocks is no pair, and nobody is blamed."""
    # Runs: baseline, two for the noise, the candidate's benchmark, then candidate and best of the round.
    kernel = loaded(tmp_path / "run", slow_run=4)
    scene = make_scene(tmp_path / "run", KEEP, play_host(tmp_path), kernel=kernel, watch_s=0.02)
    scene.play()
    (measured,) = [fact.measurement for fact in scene.facts(Measured) if fact.purpose is Purpose.ROUND][:1]
    clocks = [(run.arm.value, run.clock_mhz, run.redo_of) for run in measured.runs]
    # Of two clocks none is the usual one yet: best shows its own again, then the candidate is run again.
    first, again = [("candidate", SLOW_MHZ, None), ("best", FAST_MHZ, None)], [("best", FAST_MHZ, 1)]
    assert clocks[:4] == [*first, *again, ("candidate", FAST_MHZ, 0)]
    assert len(scene.facts(Kept)) == 1
    assert scene.facts(Disturbed) == []

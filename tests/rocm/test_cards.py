"""Cards come and go while a run lasts: it waits, keeps off what is others', and blames nobody for the machine."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from kernel_opt.model.facts import Benched, Broke, Disturbed, Faulted, Judged, Measured, NoIdleGpu, Stopped, Waited
from kernel_opt.model.round_facts import BaselineKept, Checked, Dropped, Ending, Kept
from tests.e2e.proof import prove_quiet
from tests.rocm.scenes import FASTER, Host, Scene, busy, gpu, hold, make_scene, page

KEEP = {"1:propose": page(FASTER)}
TRAINING = [{"pid": 4711, "name": "train", "cards": [0], "vram": 34 * 2**30}]


def cards_used(scene: Scene) -> set[str]:
    return {fact.run.card for fact in scene.facts(Benched)}


def test_no_idle_card_for_the_whole_limit_stops_the_run(tmp_path: Path) -> None:
    """As many looks as the settings say, then a stop that names every card's reason; no failure, no regression."""
    host = Host(tmp_path / "host", [gpu(0), gpu(1)], {"moments": [{"cards": busy([0, 1]), "processes": TRAINING}]})
    scene = make_scene(tmp_path / "run", {}, host, looks=3)
    scene.play()
    looks = scene.facts(NoIdleGpu)
    assert len(looks) == 3
    assert looks[0].why == ("card 0: in use by pid 4711 (train)", "card 1: use 99 % is above 5 %")
    (stopped,) = scene.facts(Stopped)
    assert stopped.code == "no-idle-gpu"
    assert "no idle GPU available for" in scene.report()
    assert not scene.facts(Benched)
    prove_quiet(scene)


def test_a_status_tool_that_hangs_for_ever_is_no_idle_card(tmp_path: Path) -> None:
    """Each look is abandoned at its limit and counts as none; the daemon itself never hangs."""
    host = Host(tmp_path / "host", [gpu(0)], {"moments": [{"fault": "hang"}]})
    scene = make_scene(tmp_path / "run", {}, host, looks=2, look_s=0.5)
    scene.play()
    assert "did not answer within 0.5 s" in scene.facts(NoIdleGpu)[0].why[0]
    assert scene.facts(Stopped)[0].code == "no-idle-gpu"
    prove_quiet(scene)


def test_a_neighbour_in_mid_measurement_spoils_one_run(tmp_path: Path) -> None:
    """The run is thrown away and measured again on a quiet card; the verdict never sees it."""
    host = Host(tmp_path / "host", [gpu(0)])
    scene = make_scene(tmp_path / "run", KEEP, host, kernel=hold(tmp_path / "run"))
    scene.start()
    scene.wait(lambda: len(scene.facts(Benched)) == 2, "the candidate is right")
    scene.holding.touch()
    scene.wait_held()
    before = host.looks()
    host.play(moments=[{"processes": TRAINING}])
    # The first of them may have begun before the neighbour came.
    scene.wait(lambda: host.looks() >= before + 2, "the card is looked at")
    host.play(moments=[])
    scene.holding.unlink()
    scene.wait_end()
    runs = [run for fact in scene.facts(Measured) for run in fact.measurement.runs]
    spoilt = [run for run in runs if run.disturbed]
    assert len(spoilt) == 1
    assert "pid 4711 (train)" in (spoilt[0].disturbed or "")
    assert any(run.redo_of is not None for run in runs)
    assert len(scene.facts(Kept)) == 1


@pytest.mark.slow
def test_a_neighbour_in_a_benchmark(tmp_path: Path) -> None:
    """What was under way counts for nothing, neither right nor wrong, and is run again."""
    host = Host(tmp_path / "host", [gpu(0)])
    scene = make_scene(tmp_path / "run", KEEP, host, kernel=hold(tmp_path / "run"))
    scene.start()
    scene.wait_fact(BaselineKept)
    scene.holding.touch()
    scene.wait_fact(Checked)
    scene.held.unlink(missing_ok=True)
    scene.wait_held()
    before = host.looks()
    host.play(moments=[{"processes": TRAINING}])
    scene.wait(lambda: host.looks() >= before + 2, "the card is looked at")
    host.play(moments=[])
    scene.holding.unlink()
    scene.wait_end()
    assert len(scene.facts(Disturbed)) == 1
    assert (len(scene.facts(Kept)), scene.facts(Broke)) == (1, [])


@pytest.mark.slow
def test_eight_cards_of_which_one_falls_idle(tmp_path: Path) -> None:
    """The run waits between its looks, then takes the one card that is free, by the number HIP gives it."""
    cards = [gpu(number, node=node) for number, node in enumerate((5, 3, 2, 4, 9, 7, 8, 6))]
    moments = [{"cards": busy(range(8))}, {"from_call": 6, "cards": busy([0, 1, 2, 3, 4, 5, 7])}]
    host = Host(tmp_path / "host", cards, {"moments": moments})
    seen = (
        'import os\nopen(os.environ["SCRIPTED_HOST"] + ".seen", "a").write(os.environ["HIP_VISIBLE_DEVICES"] + "\\n")\n'
    )
    scene = make_scene(tmp_path / "run", KEEP, host, kernel=seen)
    scene.play()
    assert (len(scene.facts(NoIdleGpu)), len(scene.facts(Waited))) == (3, 3)
    assert cards_used(scene) == {"pci-0000:65:00-p0"}
    assert set(Path(f"{host.path}.seen").read_text().split()) == {"6"}
    assert len(scene.facts(Kept)) == 1


@pytest.mark.slow
def test_two_daemons_share_two_cards(tmp_path: Path) -> None:
    """Each has one at any time: no card is ever used by both at once, and both get through."""
    host = Host(tmp_path / "host", [gpu(0), gpu(1)])
    uses = (
        "import os, time\n"
        'with open(os.environ["SCRIPTED_HOST"] + ".uses", "a") as uses:\n'
        '    print(os.environ["HIP_VISIBLE_DEVICES"], "begin", time.monotonic(), os.getpid(), file=uses)\n'
        "import atexit\n"
        'atexit.register(lambda card=os.environ["HIP_VISIBLE_DEVICES"], path=os.environ["SCRIPTED_HOST"]: '
        'print(card, "end", time.monotonic(), os.getpid(), file=open(path + ".uses", "a")))\n'
    )
    scenes = [
        make_scene(tmp_path / name, KEEP, host, kernel=uses, leases=tmp_path / "leases") for name in ("one", "two")
    ]
    for scene in scenes:
        scene.start()
    for scene in scenes:
        scene.wait_end()
        assert len(scene.facts(Kept)) == 1
        prove_quiet(scene)
    lines = [line.split() for line in Path(f"{host.path}.uses").read_text().splitlines()]
    for card in ("0", "1"):
        on_card = [(what, pid) for number, what, _, pid in lines if number == card]
        assert on_card
        for (what, pid), (later, other) in pairwise(on_card):
            assert ((what, later) == ("begin", "end") and pid == other) or (what, later) == ("end", "begin")


@pytest.mark.slow
def test_three_daemons_and_one_card(tmp_path: Path) -> None:
    """Who finds the card leased waits and looks again; the reason names the holder."""
    host = Host(tmp_path / "host", [gpu(0)])
    scenes = [
        make_scene(tmp_path / name, {}, host, leases=tmp_path / "leases", looks=500) for name in ("one", "two", "three")
    ]
    for scene in scenes:
        scene.start()
    for scene in scenes:
        scene.wait_end()
        assert scene.facts(BaselineKept)
    waits = [why for scene in scenes for fact in scene.facts(NoIdleGpu) for why in fact.why]
    assert any("leased by pid" in why for why in waits)


FAULT = "Memory access fault by GPU node-2 (Agent handle: 0x5) on address 0x7f. Reason: Unknown."


@pytest.mark.slow
def test_a_fault_of_the_card_in_a_candidate_on_a_healthy_card_is_the_candidates(tmp_path: Path) -> None:
    """Best runs right afterwards on the same card, so the candidate is dropped as failed."""
    dies = ("PREFETCH = 0 ", f"import sys\nsys.exit({FAULT!r})\nPREFETCH = 0 ")
    scene = make_scene(tmp_path / "run", {"1:propose": page(dies)})
    scene.play()
    assert [fact.ending for fact in scene.facts(Dropped)] == [Ending.FAILED]
    assert [fact.kind for fact in scene.facts(Broke)] == ["memory access fault"]
    assert scene.facts(Faulted) == []


@pytest.mark.slow
def test_a_card_on_which_best_fails_too_is_nobodys_fault(tmp_path: Path) -> None:
    """The same fault with best failing as well: the run waits, and no counter moves."""
    mark = tmp_path / "broken"
    sick = f"import os, sys\nif os.path.exists({str(mark)!r}):\n    sys.exit({FAULT!r})\n"
    scene = make_scene(tmp_path / "run", KEEP, kernel=sick + hold(tmp_path / "run"))
    scene.start()
    scene.wait_fact(BaselineKept)
    mark.touch()
    scene.wait_fact(Faulted)
    (faulted,) = scene.facts(Faulted)
    assert faulted.kind == "memory access fault"
    assert "best did not run right on this card afterwards either" in faulted.why
    assert scene.cli("stop", "--now").returncode == 0
    assert not scene.facts(Broke, Dropped, Judged)
    tally = scene.state().tally
    assert (tally.regressions_in_a_row, tally.endings) == (0, ())


@pytest.mark.slow
def test_a_lost_driver_waits(tmp_path: Path) -> None:
    """A machine's failure in words: the step is not over, and the wait grows."""
    dies = ("PREFETCH = 0 ", 'import sys\nsys.exit("RuntimeError: No HIP GPUs are available")\nPREFETCH = 0 ')
    scene = make_scene(tmp_path / "run", {"1:propose": page(dies)})
    scene.start()
    scene.wait_fact(Faulted)
    assert scene.facts(Faulted)[0].kind == "driver lost"
    status = json.loads(scene.cli("status", "--json").stdout)
    assert status["runs"]
    assert scene.cli("stop", "--now").returncode == 0
    assert not scene.facts(Broke, Dropped)


@pytest.mark.slow
def test_a_power_cap_changed_by_somebody_spoils_the_measurement(tmp_path: Path) -> None:
    """Runs before and after it do not compare: all is measured again under the new one."""
    host = Host(tmp_path / "host", [gpu(0)])
    scene = make_scene(tmp_path / "run", KEEP, host, kernel=hold(tmp_path / "run"))
    scene.start()
    scene.wait(lambda: len(scene.facts(Benched)) == 2, "the candidate is right")
    scene.holding.touch()
    scene.wait_held()
    host.play(moments=[{"cards": {"0": {"power_cap": 550.0}}}])
    scene.holding.unlink()
    scene.wait_end()
    told = [why for fact in scene.facts(Disturbed) for why in fact.why]
    assert any("power cap in W changed from 750.0 to 550.0" in why for why in told)
    runs = [run for fact in scene.facts(Measured) for run in fact.measurement.runs if not run.disturbed]
    assert {run.power_cap_w for run in runs[-2:]} == {550.0}
    assert len(scene.facts(Kept)) == 1

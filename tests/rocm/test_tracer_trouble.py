"""A tracer that fails is the machine's failure: the run goes on, waits or stops, and no candidate is blamed."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import BenchedWrong, Broke, Faulted, Judged, Measured, Stopped, Traced
from kernel_opt.model.measurement import Metric
from kernel_opt.model.round_facts import BaselineKept, Dropped, Ending, Kept
from tests.rocm.scenes import FASTER, SLOWER, Host, Scene, gpu, make_scene, page

QUIET = {"KERNEL_OPT_TRACER_QUIET_S": "0.6"}
KEEP = {"1:propose": page(FASTER)}


def metrics(scene: Scene) -> set[Metric]:
    return {fact.verdict.metric for fact in scene.facts(Judged)}


def test_without_traces_script_time_decides_only_where_the_settings_let_it(tmp_path: Path) -> None:
    """A tracer that leaves nothing: after two tries both builds are timed by the script, and the verdict says so."""
    scene = make_scene(tmp_path / "run", KEEP, tracer={"fault": "missing"}, gpu_time="false")
    scene.play()
    assert (len(scene.facts(Kept)), metrics(scene)) == (1, {Metric.SCRIPT})
    runs = [run for fact in scene.facts(Measured) for run in fact.measurement.runs]
    assert {(run.gpu_us, run.gpu_whole_us) for run in runs} == {(None, None)}
    assert "script time" in scene.facts(Judged)[0].verdict.sentence


def test_a_child_on_another_card_stops_the_run(tmp_path: Path) -> None:
    """The trace shows where the kernels ran; elsewhere than on the leased card nothing measured can be trusted."""
    host = Host(tmp_path / "host", [gpu(0), gpu(1)])
    scene = make_scene(tmp_path / "run", KEEP, host, tracer={"stray": True})
    scene.play()
    (stopped,) = scene.facts(Stopped)
    assert stopped.code == "wrong-card"
    assert "not on the leased card 0 (0000:05:00.0, HIP 0)" in stopped.reason
    assert "Stop Summary" in scene.report()
    assert "not on the leased card 0" in scene.report()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["missing", "empty", "truncated", "sigsegv"])
def test_no_trace_where_gpu_time_decides_is_a_fault_of_the_machine(tmp_path: Path, fault: str) -> None:
    """It works for the baseline and fails in the round: no counter moves, and the run waits."""
    faults = {"faults": ["", "", fault]}
    scene = make_scene(tmp_path / "run", KEEP, tracer=faults)
    scene.start()
    scene.wait_fact(Faulted)
    assert scene.cli("stop", "--now").returncode == 0
    (fault_told,) = scene.facts(Faulted)
    assert fault_told.kind == "tracer"
    assert not scene.facts(Broke, Judged, Dropped)
    assert (scene.state().tally.regressions_in_a_row, len(scene.facts(BaselineKept))) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["sigsegv_after", "hang"])
@pytest.mark.parametrize("hides_exit", [False, True])
def test_whole_results_of_a_tracer_that_failed_afterwards_count(tmp_path: Path, fault: str, hides_exit: bool) -> None:
    """It crashes or hangs with everything written: the same command runs right without it, so its times are good."""
    scene = make_scene(tmp_path / "run", KEEP, tracer={"fault": fault, "hides_exit": hides_exit})
    scene.environ |= QUIET
    scene.play()
    assert (len(scene.facts(Kept)), metrics(scene)) == (1, {Metric.GPU})


@pytest.mark.slow
def test_one_crash_of_the_tracer_is_an_accident(tmp_path: Path) -> None:
    """The run is repeated, and nothing of it is told."""
    scene = make_scene(tmp_path / "run", KEEP, tracer={"faults": ["", "sigsegv", "", "", "sigsegv", ""]})
    scene.play()
    assert (len(scene.facts(Kept)), scene.facts(Faulted), metrics(scene)) == (1, [], {Metric.GPU})


@pytest.mark.slow
@pytest.mark.parametrize("has_error_column", [True, False])
def test_a_hidden_exit_code_hides_no_wrong_candidate(tmp_path: Path, has_error_column: bool) -> None:
    """A candidate that computes wrong numbers only under the tracer is wrong, though the wrapper says all is well."""
    lies = ("SCALE_SHIFT = 0 ", 'SCALE_SHIFT = int("LAUNCH_RECORD" in os.environ) ')
    scene = make_scene(
        tmp_path / "run",
        {"1:propose": page(FASTER, lies)},
        has_error_column=has_error_column,
        kernel="import os\n",
        tracer={"hides_exit": True},
    )
    scene.play()
    assert [fact.ending for fact in scene.facts(Dropped)] == [Ending.WRONG]
    assert scene.facts(BenchedWrong)


@pytest.mark.slow
def test_a_candidate_without_any_kernel_is_refused(tmp_path: Path) -> None:
    """The tracer sees its devices but no launch, and it does see those of best: the candidate answers from nowhere."""
    early = ("PREFETCH = 0 ", 'os.environ.pop("LAUNCH_RECORD", None)\nPREFETCH = 0 ')
    scene = make_scene(tmp_path / "run", {"1:propose": page(early)}, kernel="import os\n")
    scene.play()
    assert [fact.ending for fact in scene.facts(Dropped)] == [Ending.REFUSED]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tracer", "kinds", "note"),
    [
        ({}, {"vmem_wait", "mfma"}, ""),
        ({"rocm": "6.4"}, set(), "no thread look"),
        ({"fault": "no_att"}, set(), "the thread trace decoder is not installed"),
    ],
)
def test_the_ladder_of_deep_looks(tmp_path: Path, tracer: dict, kinds: set[str], note: str) -> None:
    """Hot lines where the thread trace works, else counters, else the kernel trace of the measurement, with a note."""
    scene = make_scene(tmp_path / "run", {}, tracer=tracer, deep_trace="true")
    scene.play()
    (traced, *_) = scene.facts(Traced)
    assert kinds <= {spot.kind for spot in traced.trace.hotspots}
    assert note in traced.note
    assert bool(traced.trace.counters) == bool(note)


@pytest.mark.slow
@pytest.mark.parametrize(("tracer", "came"), [({}, "they came"), ({"fault": "no_counters"}, "the tracer left none")])
def test_counters_that_an_agent_asks_for(tmp_path: Path, tracer: dict, came: str) -> None:
    """They come with the next trace of best, beside its hot lines, and stand in the next brief; or why they do not."""
    book = {"1:propose": page(FASTER, deeper=True), "2:propose": page(SLOWER)}
    scene = make_scene(tmp_path / "run", book, tracer=tracer, deep_trace="true")
    scene.play()
    before, traced = scene.facts(Traced)
    assert (before.asked, before.trace.counters) == ("", ())
    assert f"asked for in round 1; {came}" in traced.asked
    assert {"vmem_wait", "mfma"} <= {spot.kind for spot in traced.trace.hotspots}
    assert bool(traced.trace.counters) == (came == "they came") == ("no counters look" not in traced.note)
    first, second = ((scene.folder / f"rounds/000{n}/propose-1/brief.md").read_text() for n in (1, 2))
    assert '"deeper": true' in first
    assert traced.asked in second
    assert ("| TCC_HIT_sum |" in second) == bool(traced.trace.counters)

"""What a whole measurement showed is checked once, at its end."""

from msgspec.structs import replace

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.measurement import Arm
from kernel_opt.model.recording import DispatchRecord, Launch, Recording
from kernel_opt.model.stages import Right, Tries
from kernel_opt.model.state import RunState
from kernel_opt.model.trace import TargetKernel, Trace
from kernel_opt.round.arms import ArmRun
from kernel_opt.round.sightings import Sightings
from kernel_opt.round.traces import RunTrace
from kernel_opt.rules.integrity.figure_checks import find_failed
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime
from tests.fakes import bench_run, candidate, hypothesis
from tests.round.toolbox import Box

ROWS = (ConfigRow(key="a", values={}, us=10.0),)


def run(us: float = 10.0, control_us: float | None = 5.0, *, traced: bool = True) -> ArmRun:
    """One right run, traced as a single dispatch."""
    bench = replace(bench_run(), rows=(replace(ROWS[0], us=us),), control_us=control_us)
    row = RowGpuTime(config="a", us=us, samples_us=(us,), kernels=("pa",), calls=1, warmup_calls=0)
    recording = Recording(
        launches=(Launch(kernel="pa", calls=1, total_ns=1000),),
        dispatches=(DispatchRecord(start_ns=0, end_ns=1000, launch=0, dispatch_id=1),),
    )
    trace = Trace(targets=(TargetKernel(name="pa"),))
    return ArmRun(bench, RunTrace(recording, trace, Attribution(whole_us=us, rows=(row,))) if traced else None)


def state_of(box: Box) -> RunState:
    plain = replace(bench_run(), rows=ROWS)
    state = box.state(stage=Right(hypothesis(), candidate(), plain, Tries()))
    assert state.best is not None
    return replace(state, best=replace(state.best, run=plain))


def outcomes(sightings: Sightings, box: Box) -> dict[str, CheckOutcome]:
    return {check.name: check.outcome for check in sightings.judge(state_of(box), box.tools)}


def test_both_arms_alike_pass_all(box: Box) -> None:
    """Every check by name; how often the kernel is called, by whom and in which calls is not known here."""
    sightings = Sightings()
    for arm in (Arm.BEST, Arm.CANDIDATE, Arm.BEST, Arm.CANDIDATE):
        sightings.add(arm, run())
    told = outcomes(sightings, box)
    for name in ("skipped-calls", "launch-ways", "compiled-figures", "other-work", "idle-between-calls"):
        assert told.pop(name) is CheckOutcome.NOT_CHECKED
    assert set(told.values()) == {CheckOutcome.PASSED}
    assert len(told) == 6


def test_a_control_that_moved_is_found(box: Box) -> None:
    """In all runs of the candidate, and in none of best."""
    sightings = Sightings()
    for arm, control_us in ((Arm.BEST, 5.0), (Arm.CANDIDATE, 1.0), (Arm.BEST, 5.1), (Arm.CANDIDATE, 1.1)):
        sightings.add(arm, run(control_us=control_us))
    found = find_failed(sightings.judge(state_of(box), box.tools))
    assert found is not None
    assert found.name == "control-channel"


def test_without_a_trace_or_without_best_little_can_be_said(box: Box) -> None:
    """Which is told, not taken for passed."""
    sightings = Sightings()
    assert outcomes(sightings, box) == {}
    sightings.add(Arm.CANDIDATE, run(traced=False))
    assert set(outcomes(sightings, box).values()) == {CheckOutcome.NOT_CHECKED}
    sightings.clear()
    assert outcomes(sightings, box) == {}

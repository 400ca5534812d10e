"""A candidate run before best was seen is asked about again when it is known what is usual."""

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.facts import Purpose
from kernel_opt.model.measurement import Arm
from kernel_opt.model.recording import Launch, Recording
from kernel_opt.model.steps import Measure
from kernel_opt.model.trace import Trace
from kernel_opt.round.measure import _Measuring
from kernel_opt.round.traces import RunTrace
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime
from tests.round.toolbox import Box

ROWS = (ConfigRow(key="a", values={}, us=10.0), ConfigRow(key="b", values={}, us=10.0))


def _traced(us: float) -> RunTrace:
    rows = tuple(
        RowGpuTime(config=row.key, us=us, samples_us=(us,), kernels=("pa",), calls=1, warmup_calls=0) for row in ROWS
    )
    recording = Recording(launches=(Launch(kernel="pa", calls=2, total_ns=int(2000 * us)),))
    return RunTrace(recording=recording, trace=Trace(), attribution=Attribution(whole_us=2 * us, rows=rows))


def _measuring(box: Box) -> _Measuring:
    step = Measure("best", "candidate", Purpose.ROUND)
    return _Measuring(step, box.state(), box.tools, None, {})  # no card is needed to weigh what was run


def test_a_script_time_below_the_trace_is_refused_also_when_best_comes_last(box: Box) -> None:
    """10 us by the script, 50 us by the trace: told as soon as best shows that the clocks agree here."""
    measuring = _measuring(box)
    assert measuring._find_cheat(Arm.CANDIDATE, _traced(50.0), ROWS) is None
    refusal = measuring._find_cheat(Arm.BEST, _traced(9.5), ROWS)
    assert refusal is not None
    assert refusal.rule == "script-below-trace"


def test_an_honest_candidate_passes_whoever_comes_first(box: Box) -> None:
    """Asked twice, refused never."""
    measuring = _measuring(box)
    assert measuring._find_cheat(Arm.CANDIDATE, _traced(9.0), ROWS) is None
    assert measuring._find_cheat(Arm.BEST, _traced(9.5), ROWS) is None
    assert measuring._find_cheat(Arm.CANDIDATE, _traced(9.0), ROWS) is None

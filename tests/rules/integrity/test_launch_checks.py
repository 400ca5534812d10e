"""Launches come on the ways that best's come on, and are of the code that was compiled."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.recording import Agent, Compiled, Lane, Launch, Recording
from kernel_opt.rules.integrity.launch_checks import check_compiled, check_ways
from kernel_opt.rules.integrity.trace_checks import Seen
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime

PASSED, FAILED, NOT_CHECKED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED
IN_TURN = ((0, 10), (20, 30), (40, 50))
SIDE_BY_SIDE = ((0, 10), (5, 15), (12, 22))


def seen(*lanes: tuple[str, int, int], spans: tuple[tuple[int, int], ...] = IN_TURN) -> Seen:
    """Launches of one target by process, queue and stream."""
    ways = [Lane(kernel="pa", calls=5, process=one, queue=queue, stream=stream) for one, queue, stream in lanes]
    row = RowGpuTime(config="a", us=1.0, samples_us=(1.0,), kernels=("pa",), calls=1, warmup_calls=0, spans_ns=spans)
    recording = Recording(lanes=(*ways, Lane(kernel="other", calls=9, process="9", queue=7)))
    return Seen(
        script_us={"a": 1.0}, recording=recording, attribution=Attribution(whole_us=1.0, rows=(row,)), targets=("pa",)
    )


ONE = seen(("1", 1, 0))


@pytest.mark.parametrize(
    ("best", "candidate", "outcome"),
    [
        (ONE, ONE, PASSED),
        (ONE, seen(("5", 3, 2)), PASSED),
        (ONE, seen(("1", 1, 0), ("2", 1, 0)), FAILED),
        (ONE, seen(("1", 1, 0), ("1", 2, 0)), PASSED),
        (ONE, seen(("1", 1, 0), ("1", 2, 0), spans=SIDE_BY_SIDE), FAILED),
        (ONE, seen(("1", 1, 0), ("1", 1, 5), spans=SIDE_BY_SIDE), FAILED),
        (replace(ONE, attribution=None), seen(("1", 1, 0), ("1", 2, 0)), PASSED),
        (seen(("1", 1, 0), spans=SIDE_BY_SIDE), seen(("1", 1, 0), ("1", 2, 0), spans=SIDE_BY_SIDE), PASSED),
        (ONE, seen(), NOT_CHECKED),
        (replace(ONE, recording=None), ONE, NOT_CHECKED),
    ],
)
def test_launches_belong_to_the_benchmark(best: Seen, candidate: Seen, outcome: CheckOutcome) -> None:
    """Another queue is no cheat by itself; calls that run side by side on it are, and so is another process."""
    assert check_ways(best, candidate).outcome is outcome


CODE = Compiled(kernel="pa", lds_bytes=1000, scratch_bytes=16, arch_vgpr=60, max_workgroup_items=256)
LAUNCH = Launch(kernel="pa", calls=1, total_ns=1, workgroup=(64, 2, 1), lds_bytes=1024, scratch_bytes=16, arch_vgpr=64)


def launched(launch: Launch, *code: Compiled, gfx: str = "gfx942") -> Seen:
    agents = (Agent(is_gpu=False), Agent(is_gpu=True, gfx=gfx))
    return Seen(script_us={}, recording=Recording(launches=(launch,), compiled=code, agents=agents), targets=("pa",))


FITTING = launched(LAUNCH, CODE)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, PASSED),
        ({"lds_bytes": 8192}, PASSED),
        ({"arch_vgpr": None, "lds_bytes": None, "scratch_bytes": None, "workgroup": None}, PASSED),
        ({"arch_vgpr": 32}, FAILED),
        ({"arch_vgpr": 128}, FAILED),
        ({"scratch_bytes": 0}, FAILED),
        ({"workgroup": (512, 1, 1)}, FAILED),
        ({"lds_bytes": 65 * 1024}, FAILED),
    ],
)
def test_what_runs_is_what_was_compiled(change: dict[str, object], outcome: CheckOutcome) -> None:
    """Figures of a trace are rounded up; a launch may add LDS, but not more than the device has."""
    assert check_compiled(FITTING, launched(replace(LAUNCH, **change), CODE)).outcome is outcome


def test_less_lds_than_the_code_needs_is_another_kernel() -> None:
    """Rounding explains a granule, not all of it."""
    code = replace(CODE, lds_bytes=9000)
    best = launched(replace(LAUNCH, lds_bytes=9216), code)
    assert check_compiled(best, launched(LAUNCH, code)).outcome is FAILED


def test_one_of_several_variants_is_enough() -> None:
    """A tuner compiles many, one of which runs."""
    other = replace(CODE, arch_vgpr=200)
    assert check_compiled(FITTING, launched(LAUNCH, other, CODE)).outcome is PASSED
    assert check_compiled(FITTING, launched(LAUNCH, other)).outcome is FAILED


def test_what_best_does_not_fit_either_is_not_checked() -> None:
    """Nor what has no compiled code, or no trace; nor is a limit held against the candidate that best breaks."""
    odd, bare = launched(replace(LAUNCH, arch_vgpr=8), CODE), launched(LAUNCH)
    assert check_compiled(odd, odd).outcome is NOT_CHECKED
    assert check_compiled(bare, bare).outcome is NOT_CHECKED
    assert check_compiled(FITTING, Seen(script_us={})).outcome is NOT_CHECKED
    large = launched(replace(LAUNCH, lds_bytes=70_000), CODE)
    assert check_compiled(large, large).outcome is PASSED
    unknown = launched(replace(LAUNCH, lds_bytes=70_000), CODE, gfx="gfx1")
    assert check_compiled(FITTING, unknown).outcome is PASSED

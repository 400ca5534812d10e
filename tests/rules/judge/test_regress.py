"""The summary of a regression: numbers of best and candidate, and what got worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.stages import Timed, Weighed
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import Outcome
from kernel_opt.rules.judge.regress import geometric_mean_us, mean_us, note_regression, target_us
from tests import fakes
from tests.fakes import KEYS, advance, at_every_stage, bench_run, config_row, kernel, trace


def weighed(word: str = "worse") -> tuple[RunState, Weighed]:
    state = advance(at_every_stage()[Timed], word)
    assert isinstance(state.stage, Weighed)
    return state, state.stage


def test_a_note_holds_all_that_the_summary_shows() -> None:
    """When, best, candidate, hypothesis, files, both times of both, delta, and the classes that lost."""
    state, stage = weighed()
    note = note_regression(state, replace(stage, run=bench_run(us=110.0)), 77.0, is_gpu=True)
    assert (note.at_s, note.best, note.candidate, note.hypothesis) == (77.0, "base", "cand-1", "idea 1")
    assert note.files == ("kernels/pa.py",)
    assert (note.best_us, note.candidate_us) == (pytest.approx(100.0), pytest.approx(110.0))
    assert (note.best_gpu_us, note.candidate_gpu_us) == (125.0, 125.0)
    assert note.delta_pct == pytest.approx(10.0)
    assert note.notes == f"{KEYS[0]} x1.100; {KEYS[1]} x1.100"


def test_without_gpu_time_none_is_told() -> None:
    """Script time is not passed off as GPU time."""
    note = note_regression(*weighed(), 1.0, is_gpu=False)
    assert (note.best_gpu_us, note.candidate_gpu_us) == (None, None)


def test_without_a_best_its_numbers_are_unknown() -> None:
    """Unknown is None, never 0."""
    state, stage = weighed()
    note = note_regression(replace(state, best=None), stage, 1.0, is_gpu=True)
    assert (note.best_us, note.best_gpu_us) == (None, None)


def test_the_overall_ratio_stands_in_for_a_missing_target() -> None:
    """And where no class is named, the verdict's own sentence does."""
    state, stage = weighed()
    verdict = replace(stage.verdict, target_ratio=None, overall_ratio=1.2, classes=())
    note = note_regression(state, replace(stage, verdict=verdict), 1.0, is_gpu=True)
    assert note.delta_pct == pytest.approx(20.0)
    assert note.notes == "worse by a fake"
    unread = replace(verdict, classes=(replace(fakes.class_verdict(outcome=Outcome.WORSE), ratio=None),))
    assert note_regression(state, replace(stage, verdict=unread), 1.0, is_gpu=True).notes == "worse by a fake"


def test_target_time_is_the_time_of_all_target_kernels_per_call_of_the_main_one() -> None:
    """A reduce kernel's time belongs to the call of the main kernel that needs it."""
    assert target_us(trace(kernel(total_ns=4_000_000, calls=40), kernel("pa_reduce", 1_000_000, 20))) == 125.0
    assert target_us(trace(kernel(total_ns=4_000_000, calls=40), kernel("other", 9_000_000, 20))) == 100.0


@pytest.mark.parametrize("unknown", [None, trace(kernel("other")), trace(kernel("pa_reduce")), trace(kernel(calls=0))])
def test_target_time_is_unknown_where_the_trace_does_not_tell(unknown: fakes.Trace | None) -> None:
    """No trace, no target in it, only its helper, or no call."""
    assert target_us(unknown) is None


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=9))
def test_the_mean_lies_between_the_rows(times: list[float]) -> None:
    """And does not depend on their order."""
    rows = tuple(config_row(str(number), us) for number, us in enumerate(times))
    mean = geometric_mean_us(rows)
    assert mean is not None
    assert min(times) * 0.999999 <= mean <= max(times) * 1.000001
    assert geometric_mean_us(rows[::-1]) == pytest.approx(mean)


def test_rows_without_a_time_are_left_out() -> None:
    """And without any, the mean is unknown."""
    assert geometric_mean_us((config_row(us=0.0), config_row(us=4.0))) == pytest.approx(4.0)
    assert mean_us(bench_run(us=0.0)) is None
    assert mean_us(bench_run(rows=0)) is None

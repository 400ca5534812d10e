"""Who takes an answer from anywhere is not as fast where none can be found."""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.facts import Disturbed, Faulted
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.recording import Recording
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.trace import Trace
from kernel_opt.round import blind
from kernel_opt.round.cold import Problem
from kernel_opt.round.traces import RunTrace
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime
from tests.round.test_recheck import FAST, ROWS, Bench, by_name, settings

LIMITS = IntegritySettings(audit=False, blind=(sys.executable, "-c", "print({seed})"))
FAILED = RunAnswer(outcome=RunOutcome.FAILED, exit_code=1)
DISTURBED = RunAnswer(outcome=RunOutcome.DISTURBED, disturbances=("somebody came",))
GONE = RunAnswer(outcome=RunOutcome.LOST, detail="gone")
DISGUISED = 1
"""The run before: with these settings only the disguise is looked at besides."""


def traced(*times_us: float, whole_us: float | None = 1.0) -> RunTrace:
    """What the tracer saw of one run; without times its calls could not be told apart."""
    rows = tuple(
        RowGpuTime(config=row.key, us=us, samples_us=(us,), kernels=("pa",), calls=1, warmup_calls=0)
        for row, us in zip(ROWS, times_us, strict=False)
    )
    reason = "" if rows else "no equal calls"
    return RunTrace(Recording(), Trace(), Attribution(whole_us=whole_us, rows=rows, reason=reason))


class Traces:
    """Tells one trace after the other."""

    def __init__(self, *traces: RunTrace | str) -> None:
        self._left: Iterator[RunTrace | str] = iter(traces)

    def __call__(self, *_: object) -> RunTrace | str:
        return next(self._left)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A candidate that takes 5 us a row where best takes 10, as was measured."""
    bench = Bench(tmp_path, FAST, LIMITS)
    runs = tuple(
        TimedRun(arm=arm, card="c", script_us=(), gpu_us=tuple(RowTime(config=row.key, us=us) for row in ROWS))
        for arm, us in ((Arm.BEST, 10.0), (Arm.CANDIDATE, 5.0))
    )
    measured = Measurement(best=bench.best, candidate=bench.commit, runs=runs)
    bench.measured(measured)
    return bench


def look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *traces: RunTrace | str, spoil: dict[int, RunAnswer] | None = None
) -> IntegrityCheck:
    monkeypatch.setattr(blind, "read_run_trace", Traces(*traces))
    return by_name(bench.look(monkeypatch, spoil))["blind"]


USUAL, SLOW, BEST, UNTOLD = traced(5.2, 5.1), traced(20.0, 20.0), traced(10.0, 10.0), traced()
CASES: dict[str, tuple[tuple[RunTrace | str, ...], CheckOutcome]] = {
    "as fast": ((USUAL, BEST), CheckOutcome.PASSED),
    "slow twice": ((SLOW, BEST, SLOW, BEST), CheckOutcome.FAILED),
    "slow once": ((SLOW, BEST, USUAL, BEST), CheckOutcome.PASSED),
    "best loses as much": ((SLOW, traced(40.0, 40.0)), CheckOutcome.PASSED),
    "its calls cannot be told apart": ((UNTOLD, BEST), CheckOutcome.FAILED),
    "nor can best's": ((UNTOLD, UNTOLD), CheckOutcome.NOT_CHECKED),
    "no trace": (("no launches", BEST), CheckOutcome.FAILED),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_as_fast_where_nothing_can_be_found(name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One slow run is nobody's fault, nor is what best loses as well."""
    traces, outcome = CASES[name]
    check = look(bench, monkeypatch, *traces)
    assert check.outcome is outcome, check


def together(bench: Bench, best_us: float | None, candidate_us: float | None) -> Bench:
    """Only best's rows could be told apart; the benchmark calls each of them 13 times."""
    rows = tuple(RowTime(config=row.key, us=10.0) for row in ROWS)
    runs = (
        TimedRun(arm=Arm.BEST, card="c", script_us=(), gpu_us=rows, gpu_whole_us=best_us),
        TimedRun(arm=Arm.CANDIDATE, card="c", script_us=(), gpu_whole_us=candidate_us),
    )
    bench.measured(Measurement(best=bench.best, candidate=bench.commit, runs=runs))
    settings = bench.box.tools.settings
    told = replace(settings, benchmark=replace(settings.benchmark, warmup_calls=3, timed_calls=10))
    bench.box.tools = dataclasses.replace(bench.box.tools, settings=told)
    return bench


@pytest.mark.parametrize(("us", "outcome"), [(130.0, CheckOutcome.PASSED), (260.0, CheckOutcome.FAILED)])
def test_calls_that_cannot_be_told_apart_are_taken_together(
    us: float, outcome: CheckOutcome, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives each launch a grid of its own is not looked at less for that."""
    together(bench, 260.0, 130.0)
    mine, best = traced(whole_us=us), traced(10.0, 10.0, whole_us=260.0)
    check = look(bench, monkeypatch, mine, best, mine, best)
    assert check.outcome is outcome, check
    assert "all rows together" in check.why
    none = look(bench, monkeypatch, traced(whole_us=None), best)
    assert (none.outcome, "told apart" in none.why) == (CheckOutcome.FAILED, True)


def test_of_what_no_trace_tells_nothing_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose trace was lost, and settings that do not tell how often the kernel is called."""
    assert look(together(bench, 260.0, None), monkeypatch).outcome is CheckOutcome.NOT_CHECKED
    uncounted = dataclasses.replace(bench.box.tools, settings=settings(LIMITS))
    together(bench, 260.0, 130.0).box.tools = uncounted
    assert look(bench, monkeypatch).outcome is CheckOutcome.NOT_CHECKED


def test_a_run_that_fails_is_the_candidates_unless_best_fails_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with every look from cold."""
    check = look(bench, monkeypatch, BEST, spoil={DISGUISED + 1: FAILED})
    assert check.outcome is CheckOutcome.FAILED
    both = {DISGUISED + 1: FAILED, DISGUISED + 2: FAILED}
    assert look(bench, monkeypatch, spoil=both).why.startswith("best fails it as well")


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(("answer", "kind"), [(DISTURBED, Disturbed), (GONE, Faulted)])
def test_the_machines_trouble_is_nobodys(
    number: int, answer: RunAnswer, kind: type, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever build it meets."""
    monkeypatch.setattr(blind, "read_run_trace", Traces(SLOW))
    assert isinstance(bench.look(monkeypatch, {DISGUISED + number: answer}), kind)


def test_without_a_program_or_a_trace_it_is_not_checked(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told, never taken for passed."""
    plain = Bench(tmp_path / "plain", FAST, replace(LIMITS, blind=()))
    assert by_name(plain.look(monkeypatch))["blind"].why == "the settings name no program for it"
    bench.measured(None)
    assert look(bench, monkeypatch).outcome is CheckOutcome.NOT_CHECKED


def test_it_refuses(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, with the times."""
    monkeypatch.setattr(blind, "read_run_trace", Traces(SLOW, BEST, SLOW, BEST))
    fact = bench.look(monkeypatch)
    assert isinstance(fact, Refused)
    assert fact.rule == "blind"
    assert "4 times as long" in fact.why


@pytest.mark.parametrize(
    ("wrong", "compared", "outcome"),
    [
        ((), ["candidate"], CheckOutcome.PASSED),
        (("candidate",), ["candidate", "best"], CheckOutcome.FAILED),
        (("candidate", "best"), ["candidate", "best"], CheckOutcome.NOT_CHECKED),
    ],
)
def test_what_best_computed_is_compared_where_the_candidate_was_wrong(
    wrong: tuple[str, ...],
    compared: list[str],
    outcome: CheckOutcome,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Best was compared when it was a candidate; now only whether the program fits this target is asked of it."""
    seen: list[str] = []

    def look_at_answers(_cold: object, _calls: int, log_name: str) -> Problem | None:
        seen.append(log_name.split("-")[1])
        return Problem("wrong by 2") if seen[-1] in wrong else None

    monkeypatch.setattr(blind, "look_at_answers", look_at_answers)
    assert look(bench, monkeypatch, USUAL, BEST).outcome is outcome
    assert seen == compared

"""Runs of few and of many calls are timed by who started them, best's and the candidate's."""

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
from kernel_opt.round import recheck
from kernel_opt.round.outside import look_outside
from tests.round.test_blind import DISTURBED, FAILED, GONE
from tests.round.test_recheck import FAST, ROWS, Bench, by_name

LIMITS = IntegritySettings(audit=False, blind=(sys.executable, "-c", "print({calls})"))
CALLS = 38
"""Of two rows of 20 ms each, to last a second and a half."""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A candidate that takes 5 ms a row where best takes 20, by the trace."""
    monkeypatch.setattr(recheck, "LOOKS", (look_outside,))
    return claiming(tmp_path, 5000.0)


def claiming(folder: Path, us: float, limits: IntegritySettings = LIMITS) -> Bench:
    bench = Bench(folder, FAST, limits)
    runs = tuple(
        TimedRun(arm=arm, card="c", script_us=(), gpu_us=tuple(RowTime(config=row.key, us=one) for row in ROWS))
        for arm, one in ((Arm.BEST, 20_000.0), (Arm.CANDIDATE, us))
    )
    bench.measured(Measurement(best=bench.best, candidate=bench.commit, runs=runs))
    return bench


def took(*seconds: float) -> dict[int, RunAnswer]:
    """Runs in their order: few calls of best and candidate, then many."""
    return {
        number: RunAnswer(outcome=RunOutcome.OK, exit_code=0, wall_s=wall_s) for number, wall_s in enumerate(seconds, 1)
    }


def look(bench: Bench, monkeypatch: pytest.MonkeyPatch, spoil: dict[int, RunAnswer] | None = None) -> IntegrityCheck:
    return by_name(bench.look(monkeypatch, spoil))["outside-clock"]


TRUE, FALSE = (1.0, 1.0, 2.5, 1.4), (1.0, 1.0, 2.5, 2.4)
CASES: dict[str, tuple[tuple[float, ...], CheckOutcome, int]] = {
    "seen at once": (TRUE, CheckOutcome.PASSED, 4),
    "seen when the neighbour is gone": ((*FALSE, *TRUE), CheckOutcome.PASSED, 8),
    "never seen": ((*FALSE, *FALSE, *FALSE), CheckOutcome.FAILED, 12),
}


@pytest.mark.parametrize("name", CASES)
def test_a_gain_is_seen_from_outside(name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times it may be a neighbour's doing; then the trace is not believed."""
    seconds, outcome, runs = CASES[name]
    assert look(bench, monkeypatch, took(*seconds)).outcome is outcome
    assert bench.session is not None
    assert len(bench.session.logs) == runs
    assert bench.session.logs[2] == f"outside-{1 + CALLS}-best-0.log"


VERIFIED: dict[str, tuple[dict[int, RunAnswer], CheckOutcome, int]] = {
    "all right": ({}, CheckOutcome.PASSED, 5),
    "wrong": ({5: FAILED}, CheckOutcome.FAILED, 7),
    "best's are wrong too": ({5: FAILED, 7: FAILED}, CheckOutcome.NOT_CHECKED, 7),
    "best does not run": ({5: FAILED, 6: FAILED}, CheckOutcome.NOT_CHECKED, 6),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_what_many_calls_left_is_looked_at(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that nobody looks at could do nothing, and be as fast on any clock."""
    spoil, outcome, runs = VERIFIED[name]
    monkeypatch.setattr(recheck, "LOOKS", (look_outside,))
    words = (sys.executable, "-c", f"assert {{calls}} == {1 + CALLS}")
    bench = claiming(tmp_path, 5000.0, replace(LIMITS, verify_blind=words))
    check = look(bench, monkeypatch, {**took(*TRUE), 6: took(2.5)[1], **spoil})
    assert check.outcome is outcome, check
    assert bench.session is not None
    assert len(bench.session.logs) == runs
    assert bench.session.logs[4] == "verify-outside-candidate.log"


def test_the_machines_trouble_while_answers_are_looked_at_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is done again."""
    monkeypatch.setattr(recheck, "LOOKS", (look_outside,))
    bench = claiming(tmp_path, 5000.0, replace(LIMITS, verify_blind=("true", "{calls}")))
    assert isinstance(bench.look(monkeypatch, {**took(*TRUE), 5: DISTURBED}), Disturbed)
    assert isinstance(bench.look(monkeypatch, {**took(*TRUE), 5: FAILED, 6: GONE}), Faulted)


def test_a_program_that_takes_no_number_of_calls_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not know how many there were."""
    monkeypatch.setattr(recheck, "LOOKS", (look_outside,))
    bench = claiming(tmp_path, 5000.0, replace(LIMITS, verify_blind=("false",)))
    assert look(bench, monkeypatch, took(*TRUE)).outcome is CheckOutcome.PASSED


@pytest.mark.parametrize(
    ("number", "answer", "outcome"), [(1, FAILED, CheckOutcome.NOT_CHECKED), (2, FAILED, CheckOutcome.FAILED)]
)
def test_who_does_not_run_is_told(
    number: int, answer: RunAnswer, outcome: CheckOutcome, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What best cannot run says nothing of the candidate."""
    assert look(bench, monkeypatch, {**took(*TRUE), number: answer}).outcome is outcome


@pytest.mark.parametrize(("answer", "kind"), [(DISTURBED, Disturbed), (GONE, Faulted)])
def test_the_machines_trouble_is_nobodys(
    answer: RunAnswer, kind: type, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is done again."""
    assert isinstance(bench.look(monkeypatch, {**took(*TRUE), 3: answer}), kind)


def test_what_cannot_be_seen_is_not_run(tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small gain, no program that takes a number, no trace: told, and no second is spent."""
    cases: Iterator[Bench] = iter(
        (
            claiming(tmp_path / "small", 19_000.0),
            claiming(tmp_path / "no number", 5000.0, replace(LIMITS, blind=("true",))),
        )
    )
    bench.measured(None)
    for one in (bench, *cases):
        assert look(one, monkeypatch).outcome is CheckOutcome.NOT_CHECKED
        assert one.session is not None
        assert one.session.logs == []

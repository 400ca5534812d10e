"""A table is the benchmark's own, or the check that says otherwise is named; what cannot be checked is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.figure_checks import EVERY_RUN, Figures, check_figures, find_failed, tells_summary

ROWS = tuple(ConfigRow(key=key, values={}, us=us, results={"g_diff": "1e-7"}) for key, us in (("a", 12.5), ("b", 7.0)))
RUN = BenchRun(
    commit="c", rows=ROWS, wall_s=1.0, gpu_s=1.0, card="0", folder="f", columns=("k", "us"), tells_summary=True
)
LOG = "a took 12.5 us\nb took 7.00 us\n"


def told(run: BenchRun = RUN, baseline: BenchRun | None = RUN, **rest: object) -> dict[str, CheckOutcome]:
    figures = Figures(run=run, baseline=baseline, **{"log": LOG, "equal_columns": ("g_*",), **rest})
    return {check.name: check.outcome for check in check_figures(figures)}


def test_an_honest_run_passes_all() -> None:
    """Every check by its name."""
    assert set(told().values()) == {CheckOutcome.PASSED}
    assert len(told()) == len(EVERY_RUN)


def test_before_the_baseline_only_the_children_can_be_checked() -> None:
    """The rest is told as not checked, never as passed."""
    outcomes = told(baseline=None)
    assert outcomes.pop("children-reaped") is CheckOutcome.PASSED
    assert set(outcomes.values()) == {CheckOutcome.NOT_CHECKED}


@pytest.mark.parametrize(
    ("name", "run", "rest"),
    [
        ("benchmark tampered or incomplete", replace(RUN, rows=ROWS[:1]), {}),
        ("benchmark tampered or incomplete", replace(RUN, rows=ROWS[::-1]), {}),
        ("benchmark tampered or incomplete", replace(RUN, columns=("k", "us", "more")), {}),
        ("printed-summary", replace(RUN, rows=(replace(ROWS[0], us=1.25), ROWS[1])), {}),
        ("printed-summary", RUN, {"log": "nothing"}),
        ("control-values", replace(RUN, rows=(replace(ROWS[0], results={"g_diff": "2e-7"}), ROWS[1])), {}),
        ("control-values", replace(RUN, rows=(replace(ROWS[0], results={}), ROWS[1])), {}),
    ],
)
def test_each_forgery_fails_its_check(name: str, run: BenchRun, rest: dict[str, object]) -> None:
    """The first that fails is the rule that is told."""
    assert told(run, **rest)[name] is CheckOutcome.FAILED
    found = find_failed(check_figures(Figures(run=run, baseline=RUN, equal_columns=("g_*",), **{"log": LOG, **rest})))
    assert found is not None
    assert found.name == name
    assert found.why


def test_what_an_unheeded_check_finds_changes_nothing() -> None:
    """It stands among the checks as failed all the same."""
    checks = check_figures(Figures(run=replace(RUN, rows=ROWS[:1]), baseline=RUN, log=LOG))
    found = find_failed(checks)
    assert found is not None
    assert find_failed(checks, (found.name,)) is None


def test_what_the_target_does_not_have_is_not_checked() -> None:
    """A script that prints no times, settings without control columns, a table from before columns were noted."""
    quiet = replace(RUN, tells_summary=False)
    assert told(baseline=quiet, log="")["printed-summary"] is CheckOutcome.NOT_CHECKED
    assert told(equal_columns=())["control-values"] is CheckOutcome.NOT_CHECKED
    assert told(baseline=replace(RUN, columns=()))["benchmark tampered or incomplete"] is CheckOutcome.PASSED


def test_children_that_were_left_are_told() -> None:
    """They were killed before the table was read."""
    figures = Figures(run=RUN, baseline=RUN, survivors=2)
    check = next(check for check in check_figures(figures) if check.name == "children-reaped")
    assert (check.outcome, check.why) == (CheckOutcome.PASSED, "2 left behind were killed first")


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=5), st.integers(1, 3))
def test_a_rounded_summary_is_one(times: list[float], digits: int) -> None:
    """As a table prints it; text around it does not matter."""
    rows = tuple(ConfigRow(key=str(n), values={}, us=us) for n, us in enumerate(times))
    assert tells_summary(" | ".join(f"us={us:.{digits}f}," for us in times), rows)
    assert tells_summary(" ".join(f"{us:.9e}" for us in times), rows)


@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_reading(log: str) -> None:
    """Whatever a candidate prints."""
    assert tells_summary(log, ROWS) in (True, False)
